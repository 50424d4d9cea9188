# Completion of palate for fish, made by: palate describe --completion fish

function __palate_commands
    printf '%s\t%s\n' demo 'compare recommenders on a small invented shop, with a report'
    printf '%s\t%s\n' case 'the article\'s case: mf, gmf and nn on a full and a mostly empty matrix'
    printf '%s\t%s\n' compare 'train several kinds on a log, judge them alike, say which to use'
    printf '%s\t%s\n' train 'train one model on a whole log and write it to a file'
    printf '%s\t%s\n' evaluate 'score a trained model on a test part'
    printf '%s\t%s\n' recommend 'a list for a user of the log, for a history, for words or a profile'
    printf '%s\t%s\n' similar 'the items most similar to one, or the users nearest to one, by the model\'s measure'
    printf '%s\t%s\n' explain 'why an item has its score for somebody, and why it is not listed'
    printf '%s\t%s\n' vectors 'the representations of users and items as NumPy files'
    printf '%s\t%s\n' shrink 'a model file in half or a quarter of the bytes'
    printf '%s\t%s\n' inspect 'what a log is, what is odd about it, which flags fit it'
    printf '%s\t%s\n' import 'read a log once, check it, and write it as one .palate file'
    printf '%s\t%s\n' report 'draw the report of a comparison again from its results.json'
    printf '%s\t%s\n' models 'the kinds of models there are, or one with its options'
    printf '%s\t%s\n' describe 'all kinds, metrics, formats, splits and options, for people and for programs'
end

function __palate_kinds
    printf '%s\t%s\n' random 'a random order for each person: the floor that every other kind must leave'
    printf '%s\t%s\n' popular 'what most people use; with half_life what most people use now'
    printf '%s\t%s\n' feature_count 'the items of which most is told: the control row of kinds that learn from features'
    printf '%s\t%s\n' again 'what the person uses again and again, the latest counting most'
    printf '%s\t%s\n' markov 'what tends to follow the person\'s last items, counted'
    printf '%s\t%s\n' bias 'how high the person values in general, and how highly the item is valued'
    printf '%s\t%s\n' user_knn 'what the people use whose histories resemble the person\'s'
    printf '%s\t%s\n' item_knn 'items similar to what the person used, by who used both'
    printf '%s\t%s\n' session_knn 'what was used in sessions like the present one'
    printf '%s\t%s\n' rp3beta 'random walks from what the person used over who else used it, popular ends held back'
    printf '%s\t%s\n' ease 'a linear item-item model, solved in closed form'
    printf '%s\t%s\n' puresvd 'the history projected on the main directions of all histories'
    printf '%s\t%s\n' gfcf 'two low-pass filters on the graph of items: similar items, and broad tastes'
    printf '%s\t%s\n' slim 'a sparse linear item-item model, each item\'s weights an elastic net'
    printf '%s\t%s\n' blend 'several kinds at once, their scores added with learned weights'
    printf '%s\t%s\n' als 'a row of numbers for each user and item, each side solved exactly in turn (alternating least squares)'
    printf '%s\t%s\n' rerank 'stages: a first kind chooses candidates, the next one orders them anew'
    printf '%s\t%s\n' mf 'a row of numbers for each user and item, whose product is the value (matrix factorization)'
    printf '%s\t%s\n' svdpp 'matrix factorization that also looks at what was valued, whatever the value (SVD++)'
    printf '%s\t%s\n' gmf 'matrix factorization whose factors have learned weights'
    printf '%s\t%s\n' bpr 'a row of numbers for each user and item, learned so that used items come before others'
    printf '%s\t%s\n' lightgcn 'rows of users and items, each gathering those of its neighbours in the graph of who used what'
    printf '%s\t%s\n' fm 'a factorization machine: every two of what is known of a person, of what he used and of an item add something to the score'
    printf '%s\t%s\n' item_features 'a row of numbers for each user and item that is the sum of the rows of what is known of them, so that new items have one too'
    printf '%s\t%s\n' nn 'a network over the rows of a user and an item'
    printf '%s\t%s\n' neumf 'products of rows beside a network over other rows of a user and an item'
    printf '%s\t%s\n' mult_vae 'a history squeezed through a small code and drawn out again (autoencoder)'
    printf '%s\t%s\n' sasrec 'what comes next, by attention over the person\'s last events'
    printf '%s\t%s\n' rnn 'a plain recurrent state that reads the history event by event'
    printf '%s\t%s\n' gru 'a gated state that reads the history event by event and points to the next item'
    printf '%s\t%s\n' lstm 'a state with a memory cell that reads the history event by event'
    printf '%s\t%s\n' cnn 'filters over the last events that point to the next item'
    printf '%s\t%s\n' two_tower 'a network that turns a history and a profile into a row, and a row for each item with its features'
    printf '%s\t%s\n' ranker 'a network over a person and an item that orders candidates by the value that their use is expected to have'
    printf '%s\t%s\n' deepfm 'a factorization machine and a network over the rows of what a person used, his profile, the item and its features'
    printf '%s\t%s\n' keyword 'items whose texts have the words of what the person used'
    printf '%s\t%s\n' attribute 'items that have what the person\'s items have: their tokens, sets and numbers'
    printf '%s\t%s\n' vector 'items whose vectors, of pictures or texts, lie near those of the person\'s items'
    printf '%s\t%s\n' merged 'a kind of one domain, trained on both as if they were one'
    printf '%s\t%s\n' multitask 'several things that people do, in the log and in its source, learned together from one row for a person'
    printf '%s\t%s\n' domain_adapt 'items of the log and of its source as representations of their features that do not tell which of both they are from'
    printf '%s\t%s\n' emcdr 'als in two domains, and a map from who people are in the one to who they are in the other'
    printf '%s\t%s\n' cold_map 'als, and maps from features to its rows, for items and people without a history'
    printf '%s\t%s\n' pretrain 'a kind learned in a second domain first, and from there on in this one'
end

function __palate_splits
    printf '%s\t%s\n' time 'one cut in time for everybody: train on the past, test on the future'
    printf '%s\t%s\n' leave_last 'each user\'s last event is the test, the one before it the validation'
    printf '%s\t%s\n' random 'random shares of each user\'s events'
    printf '%s\t%s\n' users 'users whom no model learned from: the earlier part of their events is known, the later one asked'
    printf '%s\t%s\n' kfold 'all events dealt to folds, each of which is the test once: for predicted ratings'
    printf '%s\t%s\n' cold_items 'items of which training knows nothing'
    printf '%s\t%s\n' cold_users 'users of which training knows nothing'
end

function __palate_subjects
    printf '%s\t%s\n' kind 'one kind, named after this word'
    printf '%s\t%s\n' all 'all of it'
    printf '%s\t%s\n' kinds 'the kinds of models'
    printf '%s\t%s\n' metrics 'the metrics'
    printf '%s\t%s\n' formats 'the formats of logs'
    printf '%s\t%s\n' splits 'the splits'
    printf '%s\t%s\n' scenarios 'the presets of --scenario'
    printf '%s\t%s\n' options 'the options of all commands'
    printf '%s\t%s\n' subjects 'what can be described'
    printf '%s\t%s\n' commands 'the commands'
end

# Whether the command given is the one of the line.
function __palate_is
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]
end

# Whether the command itself is still to come.
function __palate_begins
    test (count (commandline -opc)) -eq 1
end

complete -c palate -f
complete -c palate -n __palate_begins -a '(__palate_commands)'
complete -c palate -n __palate_begins -a help -d 'tell the options of a command'
complete -c palate -n __palate_begins -l version -d 'tell the version'
complete -c palate -s h -l help -d 'tell the options'
complete -c palate -n '__palate_is help' -a '(__palate_commands)'

complete -c palate -n '__palate_is demo' -l output -s o -d 'where the report, the results and the model go' -x -a '(__fish_complete_directories)'
complete -c palate -n '__palate_is demo' -l model -s m -d 'a kind with options to compare, e.g. "ease l2=500"' -x -a '(__palate_kinds)'
complete -c palate -n '__palate_is demo' -l quiet -d 'print results only'
complete -c palate -n '__palate_is demo' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is demo' -l users -d 'people in the shop' -x
complete -c palate -n '__palate_is demo' -l items -d 'things on sale' -x
complete -c palate -n '__palate_is demo' -l days -d 'length of the log; its end is fixed' -x
complete -c palate -n '__palate_is demo' -l source -d 'a second domain: a cinema that most of the people visit and where they have the same tastes (second), or where everybody\'s tastes are others (control: nothing is to be learned from it)' -x -a 'none second control '
complete -c palate -n '__palate_is demo' -l scenario -d 'fills options that were not given with those of such a service: weights of event types, target, half-life, split, task, what counts as right; palate describe scenarios lists them' -x -a 'none ecommerce social video news '
complete -c palate -n '__palate_is demo' -l task -d 'window: one list a user, made at the cut; next: one list before each event' -x -a 'auto window next both '
complete -c palate -n '__palate_is demo' -l relevant -d 'which test events count as right: all, or a rule such as "value>=4"' -x
complete -c palate -n '__palate_is demo' -l hide -d 'items not listed again: those with a target event, those with any event, or none; auto is none where a fifth of the target events and more are repeats, else target; to evaluate a model, what it was compared with' -x -a 'auto target any none '
complete -c palate -n '__palate_is demo' -l fallback -d 'what answers people without history, the same for every kind: popular, none or a spec' -x -a '(__palate_kinds)'
complete -c palate -n '__palate_is demo' -l k -s k -d 'lengths of lists at which metrics are computed' -x
complete -c palate -n '__palate_is demo' -l allow-drop -d 'go on although the mask takes more than 30 % of the test pairs'
complete -c palate -n '__palate_is demo' -l gain -d 'also say what the hits are worth (value@k): a column of numbers of the catalog, such as price or margin, or value for the log\'s values' -x
complete -c palate -n '__palate_is demo' -l slice -d 'also tell apart users by a column of their profiles (--users): its 8 most frequent words, or quarters of its numbers' -x
complete -c palate -n '__palate_is demo' -l split -d 'how the log is cut: time, leave_last, random, users, kfold, cold_items or cold_users, with options, e.g. "time test=0.2"; default time, or random without times' -x -a '(__palate_splits)'
complete -c palate -n '__palate_is demo' -l candidates -d 'items that can be listed: seen (those with a training event), catalog (all that the log or --items knows) or new (those without a training event, and only they are asked); auto is new with --split cold_items, else seen' -x -a 'auto seen catalog new '
complete -c palate -n '__palate_is demo' -l resamples -d 'bootstrap resamples of users behind each interval' -x
complete -c palate -n '__palate_is demo' -l refit -d 'train the final models on train and validation together, or on train alone' -x -a 'all none '
complete -c palate -n '__palate_is demo' -l prefer -d 'what the verdict looks at first; a cheaper model wins only when it loses less than --worth' -x -a 'accuracy cost '
complete -c palate -n '__palate_is demo' -l worth -d 'share of the accuracy that a cheaper model may lose at the most' -x
complete -c palate -n '__palate_is demo' -l budget -d 'seconds for all models together, e.g. 2m: kinds that would not fit are skipped with the reason, kinds that learn in epochs stop in time; 0 is no limit' -x
complete -c palate -n '__palate_is demo' -l limit -d 'what a model may cost, e.g. "list_us_p99=500; memory=1GB; model=100MB; train=60"' -x
complete -c palate -n '__palate_is demo' -l trec -d 'write qrels and runs for trec_eval' -x -a '(__fish_complete_directories)'
complete -c palate -n '__palate_is demo' -l run -d 'a TREC run of the system in use today, scored as one more row' -r -F
complete -c palate -n '__palate_is demo' -l family -d 'every kind of it that the log can serve, with default settings, beside those of -m: baseline, collaborative …; repeatable, all: every family' -x
complete -c palate -n '__palate_is demo' -l source-until -d 'what models may know of a second domain: what came before the part that is judged (part), before each person\'s first event that is judged (first), or all; auto is part where the split is in the order of time, else first' -x -a 'auto part first all '
complete -c palate -n '__palate_is demo' -l growth -d 'train each model again on 10 %, 30 % and all of the users: what more data costs'
complete -c palate -n '__palate_is demo' -l sweep -d 'train models that use the source, and the same without it, again on 10 %, 30 % and all of the users, with all of the source: from which size on it stops paying'
complete -c palate -n '__palate_is demo' -l seed -d 'where all random choices start from' -x
complete -c palate -n '__palate_is demo' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is demo' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is demo' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'

complete -c palate -n '__palate_is case' -l output -s o -d 'where case.html and case.json go' -x -a '(__fish_complete_directories)'
complete -c palate -n '__palate_is case' -l quiet -d 'print results only'
complete -c palate -n '__palate_is case' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is case' -l iterations -d 'gradient steps over the whole matrix, or passes of one step a rating, at the most' -x
complete -c palate -n '__palate_is case' -l factors -d 'length k of the rows of U and V' -x
complete -c palate -n '__palate_is case' -l learning-rate -d 'length α of a step against the gradient' -x
complete -c palate -n '__palate_is case' -l initial -d 'also write initial.json: both matrices and the drawn parameters with all digits'
complete -c palate -n '__palate_is case' -l seed -d 'where all random choices start from' -x
complete -c palate -n '__palate_is case' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is case' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is case' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'

complete -c palate -n '__palate_is compare' -l model -s m -d 'a kind with options to compare, e.g. "ease l2=500"; without any the usual ones' -x -a '(__palate_kinds)'
complete -c palate -n '__palate_is compare' -l output -s o -d 'where the report, the results and the model go' -x -a '(__fish_complete_directories)'
complete -c palate -n '__palate_is compare' -l train -d 'the training part, when the split is given' -r -F
complete -c palate -n '__palate_is compare' -l valid -d 'the validation part; cut from train when not given' -r -F
complete -c palate -n '__palate_is compare' -l test -d 'the test part' -r -F
complete -c palate -n '__palate_is compare' -l items -d 'a table of items: titles and features; found by itself in known folders' -r -F
complete -c palate -n '__palate_is compare' -l users -d 'a table of users and their features; found by itself in known folders' -r -F
complete -c palate -n '__palate_is compare' -l vectors -d 'vectors of items, NAME.npy with one id a line in NAME.ids.txt' -r -F
complete -c palate -n '__palate_is compare' -l source -d 'the log of a second domain, for kinds of the family transfer; goes with --shared' -x
complete -c palate -n '__palate_is compare' -l source-items -d 'its table of items' -r -F
complete -c palate -n '__palate_is compare' -l source-users -d 'its table of users' -r -F
complete -c palate -n '__palate_is compare' -l quiet -d 'print results only'
complete -c palate -n '__palate_is compare' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is compare' -l format -d 'how to read the log' -x -a 'auto palate movielens recbole mind folder jsonl adjacency table '
complete -c palate -n '__palate_is compare' -l columns -d 'which column is what, e.g. user=customer,item=sku,value=3,time=ts,event=action; names, or numbers from 1; text=query keeps events that have words and no item' -x
complete -c palate -n '__palate_is compare' -l value -d 'the column that holds the value of an event (rating, quantity, price), or a product or ratio of two: quantity*price, watched/duration, watched/items.duration' -x
complete -c palate -n '__palate_is compare' -l item-columns -d 'what columns of the catalog are, e.g. genre=set,year=number: token, set, timed (words with @ and seconds), number, text or vector; the others are guessed' -x
complete -c palate -n '__palate_is compare' -l user-columns -d 'the same for the profiles of users' -x
complete -c palate -n '__palate_is compare' -l events -d 'event types to keep with their weights, e.g. view=1,cart=3,purchase=5' -x
complete -c palate -n '__palate_is compare' -l target -d 'event types that are evaluated, e.g. purchase; guessed when there are several' -x
complete -c palate -n '__palate_is compare' -l bad-lines -d 'what to do with a line that cannot be read' -x -a 'fail skip '
complete -c palate -n '__palate_is compare' -l min-user -d 'drop users with fewer events; repeated with min-item until both hold' -x
complete -c palate -n '__palate_is compare' -l min-item -d 'drop items with fewer events' -x
complete -c palate -n '__palate_is compare' -l dedupe -d 'keep only the last event of each user, item and type'
complete -c palate -n '__palate_is compare' -l drop-users -d 'drop the users whose ids stand in this file, one a line' -r -F
complete -c palate -n '__palate_is compare' -l since -d 'drop events before this date (2024-03-01) or second' -x
complete -c palate -n '__palate_is compare' -l train-window -d 'train on events of this long before the end of training only, e.g. 90d; 0 is all' -x
complete -c palate -n '__palate_is compare' -l half-life -d 'weight of a training event halves in this time, e.g. 30d, for every kind that weighs events; 0 is no decay' -x
complete -c palate -n '__palate_is compare' -l scenario -d 'fills options that were not given with those of such a service: weights of event types, target, half-life, split, task, what counts as right; palate describe scenarios lists them' -x -a 'none ecommerce social video news '
complete -c palate -n '__palate_is compare' -l shared -d 'whose equal ids mean the same in the log and in --source: users, items, or none; never guessed' -x -a 'none users items '
complete -c palate -n '__palate_is compare' -l map -d 'what ids of the source are called in the log, lines of source_id,target_id for the shared side; ids that no line names are nobody of the log' -r -F
complete -c palate -n '__palate_is compare' -l source-options -d 'how the source is read and filtered, options of a log as name=value: "columns=… min_user=5"' -x
complete -c palate -n '__palate_is compare' -l domain -d 'instead of --source: the column of items (tokens or sets) by which the log is cut into two domains of the same users' -x
complete -c palate -n '__palate_is compare' -l source-domain -d 'tokens of that column whose items are the source, separated by commas; items with a target\'s token are the target\'s; without it all others are the source' -x
complete -c palate -n '__palate_is compare' -l target-domain -d 'tokens of that column whose items are compared' -x
complete -c palate -n '__palate_is compare' -l task -d 'window: one list a user, made at the cut; next: one list before each event' -x -a 'auto window next both '
complete -c palate -n '__palate_is compare' -l relevant -d 'which test events count as right: all, or a rule such as "value>=4"' -x
complete -c palate -n '__palate_is compare' -l hide -d 'items not listed again: those with a target event, those with any event, or none; auto is none where a fifth of the target events and more are repeats, else target; to evaluate a model, what it was compared with' -x -a 'auto target any none '
complete -c palate -n '__palate_is compare' -l fallback -d 'what answers people without history, the same for every kind: popular, none or a spec' -x -a '(__palate_kinds)'
complete -c palate -n '__palate_is compare' -l k -s k -d 'lengths of lists at which metrics are computed' -x
complete -c palate -n '__palate_is compare' -l allow-drop -d 'go on although the mask takes more than 30 % of the test pairs'
complete -c palate -n '__palate_is compare' -l gain -d 'also say what the hits are worth (value@k): a column of numbers of the catalog, such as price or margin, or value for the log\'s values' -x
complete -c palate -n '__palate_is compare' -l slice -d 'also tell apart users by a column of their profiles (--users): its 8 most frequent words, or quarters of its numbers' -x
complete -c palate -n '__palate_is compare' -l split -d 'how the log is cut: time, leave_last, random, users, kfold, cold_items or cold_users, with options, e.g. "time test=0.2"; default time, or random without times' -x -a '(__palate_splits)'
complete -c palate -n '__palate_is compare' -l candidates -d 'items that can be listed: seen (those with a training event), catalog (all that the log or --items knows) or new (those without a training event, and only they are asked); auto is new with --split cold_items, else seen' -x -a 'auto seen catalog new '
complete -c palate -n '__palate_is compare' -l resamples -d 'bootstrap resamples of users behind each interval' -x
complete -c palate -n '__palate_is compare' -l refit -d 'train the final models on train and validation together, or on train alone' -x -a 'all none '
complete -c palate -n '__palate_is compare' -l prefer -d 'what the verdict looks at first; a cheaper model wins only when it loses less than --worth' -x -a 'accuracy cost '
complete -c palate -n '__palate_is compare' -l worth -d 'share of the accuracy that a cheaper model may lose at the most' -x
complete -c palate -n '__palate_is compare' -l budget -d 'seconds for all models together, e.g. 2m: kinds that would not fit are skipped with the reason, kinds that learn in epochs stop in time; 0 is no limit' -x
complete -c palate -n '__palate_is compare' -l limit -d 'what a model may cost, e.g. "list_us_p99=500; memory=1GB; model=100MB; train=60"' -x
complete -c palate -n '__palate_is compare' -l trec -d 'write qrels and runs for trec_eval' -x -a '(__fish_complete_directories)'
complete -c palate -n '__palate_is compare' -l run -d 'a TREC run of the system in use today, scored as one more row' -r -F
complete -c palate -n '__palate_is compare' -l family -d 'every kind of it that the log can serve, with default settings, beside those of -m: baseline, collaborative …; repeatable, all: every family' -x
complete -c palate -n '__palate_is compare' -l source-until -d 'what models may know of a second domain: what came before the part that is judged (part), before each person\'s first event that is judged (first), or all; auto is part where the split is in the order of time, else first' -x -a 'auto part first all '
complete -c palate -n '__palate_is compare' -l growth -d 'train each model again on 10 %, 30 % and all of the users: what more data costs'
complete -c palate -n '__palate_is compare' -l sweep -d 'train models that use the source, and the same without it, again on 10 %, 30 % and all of the users, with all of the source: from which size on it stops paying'
complete -c palate -n '__palate_is compare' -l seed -d 'where all random choices start from' -x
complete -c palate -n '__palate_is compare' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is compare' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is compare' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is compare' -F

complete -c palate -n '__palate_is train' -l model -s m -d 'the kind with its options, e.g. "ease l2=500"' -x -a '(__palate_kinds)'
complete -c palate -n '__palate_is train' -l output -s o -d 'the model file to write' -r -F
complete -c palate -n '__palate_is train' -l items -d 'a table of items: titles and features; found by itself in known folders' -r -F
complete -c palate -n '__palate_is train' -l users -d 'a table of users and their features; found by itself in known folders' -r -F
complete -c palate -n '__palate_is train' -l vectors -d 'vectors of items, NAME.npy with one id a line in NAME.ids.txt' -r -F
complete -c palate -n '__palate_is train' -l source -d 'the log of a second domain, for kinds of the family transfer; goes with --shared' -x
complete -c palate -n '__palate_is train' -l source-items -d 'its table of items' -r -F
complete -c palate -n '__palate_is train' -l source-users -d 'its table of users' -r -F
complete -c palate -n '__palate_is train' -l quiet -d 'print results only'
complete -c palate -n '__palate_is train' -l checkpoint-every -d 'how often a training in epochs is kept in FILE.checkpoint, beside the model file FILE (gru.palate.checkpoint), until that is written, and when it is interrupted; 0: never' -x
complete -c palate -n '__palate_is train' -l resume -d 'go on from FILE.checkpoint where it is there: the model is the same to the byte as of a training that was not interrupted'
complete -c palate -n '__palate_is train' -l candidates -d 'items that the model can list: seen (those of the log), or catalog (those that only --items knows too, where the kind scores them by their features)' -x -a 'seen catalog '
complete -c palate -n '__palate_is train' -l precision -d 'how the model keeps the rows of numbers of users and items: float32, bf16 (half of the bytes) or int8 (a quarter, with a scale for each row)' -x -a 'float32 bf16 int8 '
complete -c palate -n '__palate_is train' -l format -d 'how to read the log' -x -a 'auto palate movielens recbole mind folder jsonl adjacency table '
complete -c palate -n '__palate_is train' -l columns -d 'which column is what, e.g. user=customer,item=sku,value=3,time=ts,event=action; names, or numbers from 1; text=query keeps events that have words and no item' -x
complete -c palate -n '__palate_is train' -l value -d 'the column that holds the value of an event (rating, quantity, price), or a product or ratio of two: quantity*price, watched/duration, watched/items.duration' -x
complete -c palate -n '__palate_is train' -l item-columns -d 'what columns of the catalog are, e.g. genre=set,year=number: token, set, timed (words with @ and seconds), number, text or vector; the others are guessed' -x
complete -c palate -n '__palate_is train' -l user-columns -d 'the same for the profiles of users' -x
complete -c palate -n '__palate_is train' -l events -d 'event types to keep with their weights, e.g. view=1,cart=3,purchase=5' -x
complete -c palate -n '__palate_is train' -l target -d 'event types that are evaluated, e.g. purchase; guessed when there are several' -x
complete -c palate -n '__palate_is train' -l bad-lines -d 'what to do with a line that cannot be read' -x -a 'fail skip '
complete -c palate -n '__palate_is train' -l min-user -d 'drop users with fewer events; repeated with min-item until both hold' -x
complete -c palate -n '__palate_is train' -l min-item -d 'drop items with fewer events' -x
complete -c palate -n '__palate_is train' -l dedupe -d 'keep only the last event of each user, item and type'
complete -c palate -n '__palate_is train' -l drop-users -d 'drop the users whose ids stand in this file, one a line' -r -F
complete -c palate -n '__palate_is train' -l since -d 'drop events before this date (2024-03-01) or second' -x
complete -c palate -n '__palate_is train' -l train-window -d 'train on events of this long before the end of training only, e.g. 90d; 0 is all' -x
complete -c palate -n '__palate_is train' -l half-life -d 'weight of a training event halves in this time, e.g. 30d, for every kind that weighs events; 0 is no decay' -x
complete -c palate -n '__palate_is train' -l scenario -d 'fills options that were not given with those of such a service: weights of event types, target, half-life, split, task, what counts as right; palate describe scenarios lists them' -x -a 'none ecommerce social video news '
complete -c palate -n '__palate_is train' -l shared -d 'whose equal ids mean the same in the log and in --source: users, items, or none; never guessed' -x -a 'none users items '
complete -c palate -n '__palate_is train' -l map -d 'what ids of the source are called in the log, lines of source_id,target_id for the shared side; ids that no line names are nobody of the log' -r -F
complete -c palate -n '__palate_is train' -l source-options -d 'how the source is read and filtered, options of a log as name=value: "columns=… min_user=5"' -x
complete -c palate -n '__palate_is train' -l domain -d 'instead of --source: the column of items (tokens or sets) by which the log is cut into two domains of the same users' -x
complete -c palate -n '__palate_is train' -l source-domain -d 'tokens of that column whose items are the source, separated by commas; items with a target\'s token are the target\'s; without it all others are the source' -x
complete -c palate -n '__palate_is train' -l target-domain -d 'tokens of that column whose items are compared' -x
complete -c palate -n '__palate_is train' -l seed -d 'where all random choices start from' -x
complete -c palate -n '__palate_is train' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is train' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is train' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is train' -F

complete -c palate -n '__palate_is evaluate' -l train -d 'histories of the test users; without it those that the model remembers' -r -F
complete -c palate -n '__palate_is evaluate' -l test -d 'the test part' -r -F
complete -c palate -n '__palate_is evaluate' -l quiet -d 'print results only'
complete -c palate -n '__palate_is evaluate' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is evaluate' -l format -d 'how to read the log' -x -a 'auto palate movielens recbole mind folder jsonl adjacency table '
complete -c palate -n '__palate_is evaluate' -l columns -d 'which column is what, e.g. user=customer,item=sku,value=3,time=ts,event=action; names, or numbers from 1; text=query keeps events that have words and no item' -x
complete -c palate -n '__palate_is evaluate' -l value -d 'the column that holds the value of an event (rating, quantity, price), or a product or ratio of two: quantity*price, watched/duration, watched/items.duration' -x
complete -c palate -n '__palate_is evaluate' -l item-columns -d 'what columns of the catalog are, e.g. genre=set,year=number: token, set, timed (words with @ and seconds), number, text or vector; the others are guessed' -x
complete -c palate -n '__palate_is evaluate' -l user-columns -d 'the same for the profiles of users' -x
complete -c palate -n '__palate_is evaluate' -l events -d 'event types to keep with their weights, e.g. view=1,cart=3,purchase=5' -x
complete -c palate -n '__palate_is evaluate' -l target -d 'event types that are evaluated, e.g. purchase; guessed when there are several' -x
complete -c palate -n '__palate_is evaluate' -l bad-lines -d 'what to do with a line that cannot be read' -x -a 'fail skip '
complete -c palate -n '__palate_is evaluate' -l min-user -d 'drop users with fewer events; repeated with min-item until both hold' -x
complete -c palate -n '__palate_is evaluate' -l min-item -d 'drop items with fewer events' -x
complete -c palate -n '__palate_is evaluate' -l dedupe -d 'keep only the last event of each user, item and type'
complete -c palate -n '__palate_is evaluate' -l drop-users -d 'drop the users whose ids stand in this file, one a line' -r -F
complete -c palate -n '__palate_is evaluate' -l since -d 'drop events before this date (2024-03-01) or second' -x
complete -c palate -n '__palate_is evaluate' -l task -d 'window: one list a user, made at the cut; next: one list before each event' -x -a 'auto window next both '
complete -c palate -n '__palate_is evaluate' -l relevant -d 'which test events count as right: all, or a rule such as "value>=4"' -x
complete -c palate -n '__palate_is evaluate' -l hide -d 'items not listed again: those with a target event, those with any event, or none; auto is none where a fifth of the target events and more are repeats, else target; to evaluate a model, what it was compared with' -x -a 'auto target any none '
complete -c palate -n '__palate_is evaluate' -l fallback -d 'what answers people without history, the same for every kind: popular, none or a spec' -x -a '(__palate_kinds)'
complete -c palate -n '__palate_is evaluate' -l k -s k -d 'lengths of lists at which metrics are computed' -x
complete -c palate -n '__palate_is evaluate' -l allow-drop -d 'go on although the mask takes more than 30 % of the test pairs'
complete -c palate -n '__palate_is evaluate' -l gain -d 'also say what the hits are worth (value@k): a column of numbers of the catalog, such as price or margin, or value for the log\'s values' -x
complete -c palate -n '__palate_is evaluate' -l slice -d 'also tell apart users by a column of their profiles (--users): its 8 most frequent words, or quarters of its numbers' -x
complete -c palate -n '__palate_is evaluate' -l seed -d 'where all random choices start from' -x
complete -c palate -n '__palate_is evaluate' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is evaluate' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is evaluate' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is evaluate' -F

complete -c palate -n '__palate_is recommend' -l user -d 'a user of the log; - reads ids from standard input, one a line' -x
complete -c palate -n '__palate_is recommend' -l history -d 'items that somebody used, oldest first, separated by commas' -x
complete -c palate -n '__palate_is recommend' -l profile -d 'what the person is, columns of the table of users: age=30,city=Lyon' -x
complete -c palate -n '__palate_is recommend' -l source-history -d 'items of the second domain that the person used, oldest first' -x
complete -c palate -n '__palate_is recommend' -l query -d 'what the person asks for in words, e.g. "space opera"' -x
complete -c palate -n '__palate_is recommend' -l why -d 'with the strongest reasons for each item'
complete -c palate -n '__palate_is recommend' -l quiet -d 'print results only'
complete -c palate -n '__palate_is recommend' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is recommend' -l n -s n -d 'items in the list' -x
complete -c palate -n '__palate_is recommend' -l allow -d 'list only these items (ids separated by commas)' -x
complete -c palate -n '__palate_is recommend' -l deny -d 'never list these items' -x
complete -c palate -n '__palate_is recommend' -l hide -d 'items not listed again: those with a target event, those with any event, or none; auto is what the model was compared with, else target' -x -a 'auto target any none '
complete -c palate -n '__palate_is recommend' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is recommend' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is recommend' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is recommend' -F

complete -c palate -n '__palate_is similar' -l item -d 'an item of the log' -x
complete -c palate -n '__palate_is similar' -l user -d 'a user of the log, for users nearest to him' -x
complete -c palate -n '__palate_is similar' -l quiet -d 'print results only'
complete -c palate -n '__palate_is similar' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is similar' -l n -s n -d 'items in the list' -x
complete -c palate -n '__palate_is similar' -l allow -d 'list only these items (ids separated by commas)' -x
complete -c palate -n '__palate_is similar' -l deny -d 'never list these items' -x
complete -c palate -n '__palate_is similar' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is similar' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is similar' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is similar' -F

complete -c palate -n '__palate_is explain' -l user -d 'a user of the log' -x
complete -c palate -n '__palate_is explain' -l history -d 'items that somebody used, oldest first, separated by commas' -x
complete -c palate -n '__palate_is explain' -l profile -d 'what the person is, columns of the table of users: age=30,city=Lyon' -x
complete -c palate -n '__palate_is explain' -l source-history -d 'items of the second domain that the person used, oldest first' -x
complete -c palate -n '__palate_is explain' -l query -d 'what the person asks for in words, e.g. "space opera"' -x
complete -c palate -n '__palate_is explain' -l item -d 'the item to explain' -x
complete -c palate -n '__palate_is explain' -l quiet -d 'print results only'
complete -c palate -n '__palate_is explain' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is explain' -l n -s n -d 'reasons shown, the strongest first' -x
complete -c palate -n '__palate_is explain' -l hide -d 'items not listed again: those with a target event, those with any event, or none; auto is what the model was compared with, else target' -x -a 'auto target any none '
complete -c palate -n '__palate_is explain' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is explain' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is explain' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is explain' -F

complete -c palate -n '__palate_is vectors' -l out -s o -d 'folder for users.npy, items.npy and their ids' -x
complete -c palate -n '__palate_is vectors' -l quiet -d 'print results only'
complete -c palate -n '__palate_is vectors' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is vectors' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is vectors' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is vectors' -F

complete -c palate -n '__palate_is shrink' -l output -s o -d 'the model file to write' -r -F
complete -c palate -n '__palate_is shrink' -l quiet -d 'print results only'
complete -c palate -n '__palate_is shrink' -l precision -d 'how the model keeps the rows of numbers of users and items: float32, bf16 (half of the bytes) or int8 (a quarter, with a scale for each row)' -x -a 'float32 bf16 int8 '
complete -c palate -n '__palate_is shrink' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is shrink' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is shrink' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is shrink' -F

complete -c palate -n '__palate_is inspect' -l items -d 'a table of items: titles and features; found by itself in known folders' -r -F
complete -c palate -n '__palate_is inspect' -l users -d 'a table of users and their features; found by itself in known folders' -r -F
complete -c palate -n '__palate_is inspect' -l vectors -d 'vectors of items, NAME.npy with one id a line in NAME.ids.txt' -r -F
complete -c palate -n '__palate_is inspect' -l source -d 'the log of a second domain, for kinds of the family transfer; goes with --shared' -x
complete -c palate -n '__palate_is inspect' -l source-items -d 'its table of items' -r -F
complete -c palate -n '__palate_is inspect' -l source-users -d 'its table of users' -r -F
complete -c palate -n '__palate_is inspect' -l quiet -d 'print results only'
complete -c palate -n '__palate_is inspect' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is inspect' -l format -d 'how to read the log' -x -a 'auto palate movielens recbole mind folder jsonl adjacency table '
complete -c palate -n '__palate_is inspect' -l columns -d 'which column is what, e.g. user=customer,item=sku,value=3,time=ts,event=action; names, or numbers from 1; text=query keeps events that have words and no item' -x
complete -c palate -n '__palate_is inspect' -l value -d 'the column that holds the value of an event (rating, quantity, price), or a product or ratio of two: quantity*price, watched/duration, watched/items.duration' -x
complete -c palate -n '__palate_is inspect' -l item-columns -d 'what columns of the catalog are, e.g. genre=set,year=number: token, set, timed (words with @ and seconds), number, text or vector; the others are guessed' -x
complete -c palate -n '__palate_is inspect' -l user-columns -d 'the same for the profiles of users' -x
complete -c palate -n '__palate_is inspect' -l events -d 'event types to keep with their weights, e.g. view=1,cart=3,purchase=5' -x
complete -c palate -n '__palate_is inspect' -l target -d 'event types that are evaluated, e.g. purchase; guessed when there are several' -x
complete -c palate -n '__palate_is inspect' -l bad-lines -d 'what to do with a line that cannot be read' -x -a 'fail skip '
complete -c palate -n '__palate_is inspect' -l min-user -d 'drop users with fewer events; repeated with min-item until both hold' -x
complete -c palate -n '__palate_is inspect' -l min-item -d 'drop items with fewer events' -x
complete -c palate -n '__palate_is inspect' -l dedupe -d 'keep only the last event of each user, item and type'
complete -c palate -n '__palate_is inspect' -l drop-users -d 'drop the users whose ids stand in this file, one a line' -r -F
complete -c palate -n '__palate_is inspect' -l since -d 'drop events before this date (2024-03-01) or second' -x
complete -c palate -n '__palate_is inspect' -l scenario -d 'fills options that were not given with those of such a service: weights of event types, target, half-life, split, task, what counts as right; palate describe scenarios lists them' -x -a 'none ecommerce social video news '
complete -c palate -n '__palate_is inspect' -l shared -d 'whose equal ids mean the same in the log and in --source: users, items, or none; never guessed' -x -a 'none users items '
complete -c palate -n '__palate_is inspect' -l map -d 'what ids of the source are called in the log, lines of source_id,target_id for the shared side; ids that no line names are nobody of the log' -r -F
complete -c palate -n '__palate_is inspect' -l source-options -d 'how the source is read and filtered, options of a log as name=value: "columns=… min_user=5"' -x
complete -c palate -n '__palate_is inspect' -l domain -d 'instead of --source: the column of items (tokens or sets) by which the log is cut into two domains of the same users' -x
complete -c palate -n '__palate_is inspect' -l source-domain -d 'tokens of that column whose items are the source, separated by commas; items with a target\'s token are the target\'s; without it all others are the source' -x
complete -c palate -n '__palate_is inspect' -l target-domain -d 'tokens of that column whose items are compared' -x
complete -c palate -n '__palate_is inspect' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is inspect' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is inspect' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is inspect' -F

complete -c palate -n '__palate_is import' -l output -s o -d 'the .palate file to write' -r -F
complete -c palate -n '__palate_is import' -l train -d 'the training part, when the split is given' -r -F
complete -c palate -n '__palate_is import' -l valid -d 'the validation part; cut from train when not given' -r -F
complete -c palate -n '__palate_is import' -l test -d 'the test part' -r -F
complete -c palate -n '__palate_is import' -l items -d 'a table of items: titles and features; found by itself in known folders' -r -F
complete -c palate -n '__palate_is import' -l users -d 'a table of users and their features; found by itself in known folders' -r -F
complete -c palate -n '__palate_is import' -l vectors -d 'vectors of items, NAME.npy with one id a line in NAME.ids.txt' -r -F
complete -c palate -n '__palate_is import' -l source -d 'the log of a second domain, for kinds of the family transfer; goes with --shared' -x
complete -c palate -n '__palate_is import' -l source-items -d 'its table of items' -r -F
complete -c palate -n '__palate_is import' -l source-users -d 'its table of users' -r -F
complete -c palate -n '__palate_is import' -l quiet -d 'print results only'
complete -c palate -n '__palate_is import' -l format -d 'how to read the log' -x -a 'auto palate movielens recbole mind folder jsonl adjacency table '
complete -c palate -n '__palate_is import' -l columns -d 'which column is what, e.g. user=customer,item=sku,value=3,time=ts,event=action; names, or numbers from 1; text=query keeps events that have words and no item' -x
complete -c palate -n '__palate_is import' -l value -d 'the column that holds the value of an event (rating, quantity, price), or a product or ratio of two: quantity*price, watched/duration, watched/items.duration' -x
complete -c palate -n '__palate_is import' -l item-columns -d 'what columns of the catalog are, e.g. genre=set,year=number: token, set, timed (words with @ and seconds), number, text or vector; the others are guessed' -x
complete -c palate -n '__palate_is import' -l user-columns -d 'the same for the profiles of users' -x
complete -c palate -n '__palate_is import' -l events -d 'event types to keep with their weights, e.g. view=1,cart=3,purchase=5' -x
complete -c palate -n '__palate_is import' -l target -d 'event types that are evaluated, e.g. purchase; guessed when there are several' -x
complete -c palate -n '__palate_is import' -l bad-lines -d 'what to do with a line that cannot be read' -x -a 'fail skip '
complete -c palate -n '__palate_is import' -l min-user -d 'drop users with fewer events; repeated with min-item until both hold' -x
complete -c palate -n '__palate_is import' -l min-item -d 'drop items with fewer events' -x
complete -c palate -n '__palate_is import' -l dedupe -d 'keep only the last event of each user, item and type'
complete -c palate -n '__palate_is import' -l drop-users -d 'drop the users whose ids stand in this file, one a line' -r -F
complete -c palate -n '__palate_is import' -l since -d 'drop events before this date (2024-03-01) or second' -x
complete -c palate -n '__palate_is import' -l train-window -d 'train on events of this long before the end of training only, e.g. 90d; 0 is all' -x
complete -c palate -n '__palate_is import' -l half-life -d 'weight of a training event halves in this time, e.g. 30d, for every kind that weighs events; 0 is no decay' -x
complete -c palate -n '__palate_is import' -l shared -d 'whose equal ids mean the same in the log and in --source: users, items, or none; never guessed' -x -a 'none users items '
complete -c palate -n '__palate_is import' -l map -d 'what ids of the source are called in the log, lines of source_id,target_id for the shared side; ids that no line names are nobody of the log' -r -F
complete -c palate -n '__palate_is import' -l source-options -d 'how the source is read and filtered, options of a log as name=value: "columns=… min_user=5"' -x
complete -c palate -n '__palate_is import' -l domain -d 'instead of --source: the column of items (tokens or sets) by which the log is cut into two domains of the same users' -x
complete -c palate -n '__palate_is import' -l source-domain -d 'tokens of that column whose items are the source, separated by commas; items with a target\'s token are the target\'s; without it all others are the source' -x
complete -c palate -n '__palate_is import' -l target-domain -d 'tokens of that column whose items are compared' -x
complete -c palate -n '__palate_is import' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is import' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is import' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is import' -F

complete -c palate -n '__palate_is report' -l quiet -d 'print results only'
complete -c palate -n '__palate_is report' -l threads -d 'threads to use; 0 is one a processor; results do not depend on it' -x
complete -c palate -n '__palate_is report' -l memory -d 'limit for dense matrices and batches; 0 is half of the machine\'s memory' -x
complete -c palate -n '__palate_is report' -l verbose -d 'say more about what is done; of each training the share of the machine\'s peak, measured at that moment'
complete -c palate -n '__palate_is report' -F

complete -c palate -n '__palate_is models' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is models' -a '(__palate_kinds)'

complete -c palate -n '__palate_is describe' -l json -d 'print one JSON document and nothing else'
complete -c palate -n '__palate_is describe' -l markdown -d 'print Markdown'
complete -c palate -n '__palate_is describe' -l names -d 'print a line each: name, tabulator, summary'
complete -c palate -n '__palate_is describe' -l man -d 'print the manual page palate(1)'
complete -c palate -n '__palate_is describe' -l completion -d 'print the script by which a shell completes command lines' -x -a 'none bash zsh fish '
complete -c palate -n '__palate_is describe' -a '(__palate_subjects)'

