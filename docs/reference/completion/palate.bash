# Completion of palate for bash, made by: palate describe --completion bash

# Where nothing is listed bash completes files; that can be switched for once.
_palate_option() {
    compopt "$@" 2>/dev/null || true
    [[ $1 == -o ]] && compopt +o default 2>/dev/null || true
}

_palate() {
    local current=${COMP_WORDS[COMP_CWORD]} before='' command=${COMP_WORDS[1]}
    local words='' word
    COMPREPLY=()
    if ((COMP_CWORD > 0)); then before=${COMP_WORDS[COMP_CWORD - 1]}; fi
    # bash takes --split=time for three words.
    if [[ $current == = ]]; then
        current=''
    elif [[ $before == = ]] && ((COMP_CWORD > 1)); then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    current=${current#[\"\']}
    if ((COMP_CWORD == 1)); then command=''; fi
    case $command in
    '') words='demo case compare train evaluate recommend similar explain vectors shrink inspect import report models describe help --help --version' ;;
    help) words='demo case compare train evaluate recommend similar explain vectors shrink inspect import report models describe ' ;;
    demo)
        case $before in
        -o | --output) _palate_option -o dirnames; return 0 ;;
        -m | --model) words='random popular feature_count again markov bias user_knn item_knn session_knn rp3beta ease puresvd gfcf slim blend als rerank mf svdpp gmf bpr lightgcn fm item_features nn neumf mult_vae sasrec rnn gru lstm cnn two_tower ranker deepfm keyword attribute vector merged multitask domain_adapt emcdr cold_map pretrain ' ;;
        --users) _palate_option +o default; return 0 ;;
        --items) _palate_option +o default; return 0 ;;
        --days) _palate_option +o default; return 0 ;;
        --source) words='none second control ' ;;
        --scenario) words='none ecommerce social video news ' ;;
        --task) words='auto window next both ' ;;
        --relevant) _palate_option +o default; return 0 ;;
        --hide) words='auto target any none ' ;;
        --fallback) words='random popular feature_count again markov bias user_knn item_knn session_knn rp3beta ease puresvd gfcf slim blend als rerank mf svdpp gmf bpr lightgcn fm item_features nn neumf mult_vae sasrec rnn gru lstm cnn two_tower ranker deepfm keyword attribute vector merged multitask domain_adapt emcdr cold_map pretrain ' ;;
        -k | --k) _palate_option +o default; return 0 ;;
        --gain) _palate_option +o default; return 0 ;;
        --slice) _palate_option +o default; return 0 ;;
        --split) words='time leave_last random users kfold cold_items cold_users ' ;;
        --candidates) words='auto seen catalog new ' ;;
        --resamples) _palate_option +o default; return 0 ;;
        --refit) words='all none ' ;;
        --prefer) words='accuracy cost ' ;;
        --worth) _palate_option +o default; return 0 ;;
        --budget) _palate_option +o default; return 0 ;;
        --limit) _palate_option +o default; return 0 ;;
        --trec) _palate_option -o dirnames; return 0 ;;
        --run) return 0 ;;
        --family) _palate_option +o default; return 0 ;;
        --source-until) words='auto part first all ' ;;
        --seed) _palate_option +o default; return 0 ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='-o --output -m --model --quiet --json --users --items --days --source --scenario --task --relevant --hide --fallback -k --k --allow-drop --gain --slice --split --candidates --resamples --refit --prefer --worth --budget --limit --trec --run --family --source-until --growth --sweep --seed --threads --memory --verbose --help'
            else _palate_option +o default; return 0; fi ;;
        esac ;;
    case)
        case $before in
        -o | --output) _palate_option -o dirnames; return 0 ;;
        --iterations) _palate_option +o default; return 0 ;;
        --factors) _palate_option +o default; return 0 ;;
        --learning-rate) _palate_option +o default; return 0 ;;
        --seed) _palate_option +o default; return 0 ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='-o --output --quiet --json --iterations --factors --learning-rate --initial --seed --threads --memory --verbose --help'
            else _palate_option +o default; return 0; fi ;;
        esac ;;
    compare)
        case $before in
        -m | --model) words='random popular feature_count again markov bias user_knn item_knn session_knn rp3beta ease puresvd gfcf slim blend als rerank mf svdpp gmf bpr lightgcn fm item_features nn neumf mult_vae sasrec rnn gru lstm cnn two_tower ranker deepfm keyword attribute vector merged multitask domain_adapt emcdr cold_map pretrain ' ;;
        -o | --output) _palate_option -o dirnames; return 0 ;;
        --train) return 0 ;;
        --valid) return 0 ;;
        --test) return 0 ;;
        --items) return 0 ;;
        --users) return 0 ;;
        --vectors) return 0 ;;
        --source) _palate_option +o default; return 0 ;;
        --source-items) return 0 ;;
        --source-users) return 0 ;;
        --format) words='auto palate movielens recbole mind folder jsonl adjacency table ' ;;
        --columns) _palate_option +o default; return 0 ;;
        --value) _palate_option +o default; return 0 ;;
        --item-columns) _palate_option +o default; return 0 ;;
        --user-columns) _palate_option +o default; return 0 ;;
        --events) _palate_option +o default; return 0 ;;
        --target) _palate_option +o default; return 0 ;;
        --bad-lines) words='fail skip ' ;;
        --min-user) _palate_option +o default; return 0 ;;
        --min-item) _palate_option +o default; return 0 ;;
        --drop-users) return 0 ;;
        --since) _palate_option +o default; return 0 ;;
        --train-window) _palate_option +o default; return 0 ;;
        --half-life) _palate_option +o default; return 0 ;;
        --scenario) words='none ecommerce social video news ' ;;
        --shared) words='none users items ' ;;
        --map) return 0 ;;
        --source-options) _palate_option +o default; return 0 ;;
        --domain) _palate_option +o default; return 0 ;;
        --source-domain) _palate_option +o default; return 0 ;;
        --target-domain) _palate_option +o default; return 0 ;;
        --task) words='auto window next both ' ;;
        --relevant) _palate_option +o default; return 0 ;;
        --hide) words='auto target any none ' ;;
        --fallback) words='random popular feature_count again markov bias user_knn item_knn session_knn rp3beta ease puresvd gfcf slim blend als rerank mf svdpp gmf bpr lightgcn fm item_features nn neumf mult_vae sasrec rnn gru lstm cnn two_tower ranker deepfm keyword attribute vector merged multitask domain_adapt emcdr cold_map pretrain ' ;;
        -k | --k) _palate_option +o default; return 0 ;;
        --gain) _palate_option +o default; return 0 ;;
        --slice) _palate_option +o default; return 0 ;;
        --split) words='time leave_last random users kfold cold_items cold_users ' ;;
        --candidates) words='auto seen catalog new ' ;;
        --resamples) _palate_option +o default; return 0 ;;
        --refit) words='all none ' ;;
        --prefer) words='accuracy cost ' ;;
        --worth) _palate_option +o default; return 0 ;;
        --budget) _palate_option +o default; return 0 ;;
        --limit) _palate_option +o default; return 0 ;;
        --trec) _palate_option -o dirnames; return 0 ;;
        --run) return 0 ;;
        --family) _palate_option +o default; return 0 ;;
        --source-until) words='auto part first all ' ;;
        --seed) _palate_option +o default; return 0 ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='-m --model -o --output --train --valid --test --items --users --vectors --source --source-items --source-users --quiet --json --format --columns --value --item-columns --user-columns --events --target --bad-lines --min-user --min-item --dedupe --drop-users --since --train-window --half-life --scenario --shared --map --source-options --domain --source-domain --target-domain --task --relevant --hide --fallback -k --k --allow-drop --gain --slice --split --candidates --resamples --refit --prefer --worth --budget --limit --trec --run --family --source-until --growth --sweep --seed --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    train)
        case $before in
        -m | --model) words='random popular feature_count again markov bias user_knn item_knn session_knn rp3beta ease puresvd gfcf slim blend als rerank mf svdpp gmf bpr lightgcn fm item_features nn neumf mult_vae sasrec rnn gru lstm cnn two_tower ranker deepfm keyword attribute vector merged multitask domain_adapt emcdr cold_map pretrain ' ;;
        -o | --output) return 0 ;;
        --items) return 0 ;;
        --users) return 0 ;;
        --vectors) return 0 ;;
        --source) _palate_option +o default; return 0 ;;
        --source-items) return 0 ;;
        --source-users) return 0 ;;
        --checkpoint-every) _palate_option +o default; return 0 ;;
        --candidates) words='seen catalog ' ;;
        --precision) words='float32 bf16 int8 ' ;;
        --format) words='auto palate movielens recbole mind folder jsonl adjacency table ' ;;
        --columns) _palate_option +o default; return 0 ;;
        --value) _palate_option +o default; return 0 ;;
        --item-columns) _palate_option +o default; return 0 ;;
        --user-columns) _palate_option +o default; return 0 ;;
        --events) _palate_option +o default; return 0 ;;
        --target) _palate_option +o default; return 0 ;;
        --bad-lines) words='fail skip ' ;;
        --min-user) _palate_option +o default; return 0 ;;
        --min-item) _palate_option +o default; return 0 ;;
        --drop-users) return 0 ;;
        --since) _palate_option +o default; return 0 ;;
        --train-window) _palate_option +o default; return 0 ;;
        --half-life) _palate_option +o default; return 0 ;;
        --scenario) words='none ecommerce social video news ' ;;
        --shared) words='none users items ' ;;
        --map) return 0 ;;
        --source-options) _palate_option +o default; return 0 ;;
        --domain) _palate_option +o default; return 0 ;;
        --source-domain) _palate_option +o default; return 0 ;;
        --target-domain) _palate_option +o default; return 0 ;;
        --seed) _palate_option +o default; return 0 ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='-m --model -o --output --items --users --vectors --source --source-items --source-users --quiet --checkpoint-every --resume --candidates --precision --format --columns --value --item-columns --user-columns --events --target --bad-lines --min-user --min-item --dedupe --drop-users --since --train-window --half-life --scenario --shared --map --source-options --domain --source-domain --target-domain --seed --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    evaluate)
        case $before in
        --train) return 0 ;;
        --test) return 0 ;;
        --format) words='auto palate movielens recbole mind folder jsonl adjacency table ' ;;
        --columns) _palate_option +o default; return 0 ;;
        --value) _palate_option +o default; return 0 ;;
        --item-columns) _palate_option +o default; return 0 ;;
        --user-columns) _palate_option +o default; return 0 ;;
        --events) _palate_option +o default; return 0 ;;
        --target) _palate_option +o default; return 0 ;;
        --bad-lines) words='fail skip ' ;;
        --min-user) _palate_option +o default; return 0 ;;
        --min-item) _palate_option +o default; return 0 ;;
        --drop-users) return 0 ;;
        --since) _palate_option +o default; return 0 ;;
        --task) words='auto window next both ' ;;
        --relevant) _palate_option +o default; return 0 ;;
        --hide) words='auto target any none ' ;;
        --fallback) words='random popular feature_count again markov bias user_knn item_knn session_knn rp3beta ease puresvd gfcf slim blend als rerank mf svdpp gmf bpr lightgcn fm item_features nn neumf mult_vae sasrec rnn gru lstm cnn two_tower ranker deepfm keyword attribute vector merged multitask domain_adapt emcdr cold_map pretrain ' ;;
        -k | --k) _palate_option +o default; return 0 ;;
        --gain) _palate_option +o default; return 0 ;;
        --slice) _palate_option +o default; return 0 ;;
        --seed) _palate_option +o default; return 0 ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='--train --test --quiet --json --format --columns --value --item-columns --user-columns --events --target --bad-lines --min-user --min-item --dedupe --drop-users --since --task --relevant --hide --fallback -k --k --allow-drop --gain --slice --seed --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    recommend)
        case $before in
        --user) _palate_option +o default; return 0 ;;
        --history) _palate_option +o default; return 0 ;;
        --profile) _palate_option +o default; return 0 ;;
        --source-history) _palate_option +o default; return 0 ;;
        --query) _palate_option +o default; return 0 ;;
        -n | --n) _palate_option +o default; return 0 ;;
        --allow) _palate_option +o default; return 0 ;;
        --deny) _palate_option +o default; return 0 ;;
        --hide) words='auto target any none ' ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='--user --history --profile --source-history --query --why --quiet --json -n --n --allow --deny --hide --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    similar)
        case $before in
        --item) _palate_option +o default; return 0 ;;
        --user) _palate_option +o default; return 0 ;;
        -n | --n) _palate_option +o default; return 0 ;;
        --allow) _palate_option +o default; return 0 ;;
        --deny) _palate_option +o default; return 0 ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='--item --user --quiet --json -n --n --allow --deny --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    explain)
        case $before in
        --user) _palate_option +o default; return 0 ;;
        --history) _palate_option +o default; return 0 ;;
        --profile) _palate_option +o default; return 0 ;;
        --source-history) _palate_option +o default; return 0 ;;
        --query) _palate_option +o default; return 0 ;;
        --item) _palate_option +o default; return 0 ;;
        -n | --n) _palate_option +o default; return 0 ;;
        --hide) words='auto target any none ' ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='--user --history --profile --source-history --query --item --quiet --json -n --n --hide --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    vectors)
        case $before in
        -o | --out) _palate_option +o default; return 0 ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='-o --out --quiet --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    shrink)
        case $before in
        -o | --output) return 0 ;;
        --precision) words='float32 bf16 int8 ' ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='-o --output --quiet --precision --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    inspect)
        case $before in
        --items) return 0 ;;
        --users) return 0 ;;
        --vectors) return 0 ;;
        --source) _palate_option +o default; return 0 ;;
        --source-items) return 0 ;;
        --source-users) return 0 ;;
        --format) words='auto palate movielens recbole mind folder jsonl adjacency table ' ;;
        --columns) _palate_option +o default; return 0 ;;
        --value) _palate_option +o default; return 0 ;;
        --item-columns) _palate_option +o default; return 0 ;;
        --user-columns) _palate_option +o default; return 0 ;;
        --events) _palate_option +o default; return 0 ;;
        --target) _palate_option +o default; return 0 ;;
        --bad-lines) words='fail skip ' ;;
        --min-user) _palate_option +o default; return 0 ;;
        --min-item) _palate_option +o default; return 0 ;;
        --drop-users) return 0 ;;
        --since) _palate_option +o default; return 0 ;;
        --scenario) words='none ecommerce social video news ' ;;
        --shared) words='none users items ' ;;
        --map) return 0 ;;
        --source-options) _palate_option +o default; return 0 ;;
        --domain) _palate_option +o default; return 0 ;;
        --source-domain) _palate_option +o default; return 0 ;;
        --target-domain) _palate_option +o default; return 0 ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='--items --users --vectors --source --source-items --source-users --quiet --json --format --columns --value --item-columns --user-columns --events --target --bad-lines --min-user --min-item --dedupe --drop-users --since --scenario --shared --map --source-options --domain --source-domain --target-domain --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    import)
        case $before in
        -o | --output) return 0 ;;
        --train) return 0 ;;
        --valid) return 0 ;;
        --test) return 0 ;;
        --items) return 0 ;;
        --users) return 0 ;;
        --vectors) return 0 ;;
        --source) _palate_option +o default; return 0 ;;
        --source-items) return 0 ;;
        --source-users) return 0 ;;
        --format) words='auto palate movielens recbole mind folder jsonl adjacency table ' ;;
        --columns) _palate_option +o default; return 0 ;;
        --value) _palate_option +o default; return 0 ;;
        --item-columns) _palate_option +o default; return 0 ;;
        --user-columns) _palate_option +o default; return 0 ;;
        --events) _palate_option +o default; return 0 ;;
        --target) _palate_option +o default; return 0 ;;
        --bad-lines) words='fail skip ' ;;
        --min-user) _palate_option +o default; return 0 ;;
        --min-item) _palate_option +o default; return 0 ;;
        --drop-users) return 0 ;;
        --since) _palate_option +o default; return 0 ;;
        --train-window) _palate_option +o default; return 0 ;;
        --half-life) _palate_option +o default; return 0 ;;
        --shared) words='none users items ' ;;
        --map) return 0 ;;
        --source-options) _palate_option +o default; return 0 ;;
        --domain) _palate_option +o default; return 0 ;;
        --source-domain) _palate_option +o default; return 0 ;;
        --target-domain) _palate_option +o default; return 0 ;;
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='-o --output --train --valid --test --items --users --vectors --source --source-items --source-users --quiet --format --columns --value --item-columns --user-columns --events --target --bad-lines --min-user --min-item --dedupe --drop-users --since --train-window --half-life --shared --map --source-options --domain --source-domain --target-domain --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    report)
        case $before in
        --threads) _palate_option +o default; return 0 ;;
        --memory) _palate_option +o default; return 0 ;;
        *)
            if [[ $current == -* ]]; then words='--quiet --threads --memory --verbose --help'
            else return 0; fi ;;
        esac ;;
    models)
        case $before in
        *)
            if [[ $current == -* ]]; then words='--json --help'
            else words='random popular feature_count again markov bias user_knn item_knn session_knn rp3beta ease puresvd gfcf slim blend als rerank mf svdpp gmf bpr lightgcn fm item_features nn neumf mult_vae sasrec rnn gru lstm cnn two_tower ranker deepfm keyword attribute vector merged multitask domain_adapt emcdr cold_map pretrain '; fi ;;
        esac ;;
    describe)
        case $before in
        --completion) words='none bash zsh fish ' ;;
        *)
            if [[ $current == -* ]]; then words='--json --markdown --names --man --completion --help'
            else words='kind all kinds metrics formats splits scenarios options subjects commands '; fi ;;
        esac ;;
    esac
    for word in $words; do
        if [[ $word == "$current"* ]]; then COMPREPLY+=("$word"); fi
    done
    _palate_option +o default
}

complete -o default -F _palate palate
