"""Prints tests/golden/keywords.h: what scikit-learn's TfidfVectorizer and rank_bm25 make of a few texts.

    python -m venv venv && venv/bin/pip install scikit-learn rank_bm25
    venv/bin/python tests/golden/keywords.py > tests/golden/keywords.h
"""
import math
import re

from rank_bm25 import BM25Okapi
from sklearn.feature_extraction.text import TfidfVectorizer

TEXTS = [
    "a red fox and a red hen in the red barn",
    "the fox runs over the hills at night",
    "an owl sees the night and the hills and the barn",
    "blue hen blue hen grey owl",
    "ant",
    "the owl the fox the hen the ant 42 times in 1995",
]


def cut(text):
    return re.findall(r"[a-z0-9]+", text.lower())


class Lucene(BM25Okapi):
    """The idf that is never negative, ln(1 + (n - df + 0.5) / (df + 0.5)), in place of rank_bm25's."""

    def _calc_idf(self, nd):
        for word, df in nd.items():
            self.idf[word] = math.log(1 + (self.corpus_size - df + 0.5) / (df + 0.5))


def show(name, words, rows):
    print("static const char *const golden_%s_words[] = {%s};" % (name, ", ".join('"%s"' % w for w in words)))
    print("static const double golden_%s[] = {%s};" % (name, ", ".join("%.17g" % x for row in rows for x in row)))


def tfidf(name, **options):
    vectorizer = TfidfVectorizer(tokenizer=cut, token_pattern=None, **options)
    rows = vectorizer.fit_transform(TEXTS).toarray().tolist()
    show(name, vectorizer.get_feature_names_out(), rows)


def bm25(name, k1, b):
    index = Lucene([cut(text) for text in TEXTS], k1=k1, b=b)
    words = sorted(index.idf)
    columns = [index.get_scores([word]) for word in words]
    show(name, words, [[float(column[r]) for column in columns] for r in range(len(TEXTS))])


print("/* keywords.h - printed by keywords.py. */")
print("static const char *const golden_texts[] = {%s};" % ", ".join('"%s"' % text for text in TEXTS))
tfidf("tfidf")
tfidf("sublinear", sublinear_tf=True)
tfidf("limited", min_df=2, max_df=0.6)
tfidf("most", max_features=2)
bm25("bm25", 1.2, 0.75)
bm25("bm25_flat", 2.0, 0.0)
