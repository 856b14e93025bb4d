-- term: n = count
exact_match IS NOT NULL

-- term: n_exact = count
exact_match

-- term: wrong_sum = sum
wrong_share

-- term: sample_precision_sum = sum
sample_precision

-- term: sample_recall_sum = sum
sample_recall

-- term: sample_f1_sum = sum
sample_f1

-- term: sample_jaccard_sum = sum
sample_jaccard

-- term: support = count each truths, predictions
truths AND predictions IS NOT NULL

-- term: predicted = count each truths, predictions
predictions AND truths IS NOT NULL

-- term: hits = count each truths, predictions
truths AND predictions

-- term: n_scored = count each truths, scores
scores IS NOT NULL AND truths IS NOT NULL

-- term: scored_support = count each truths, scores
scores IS NOT NULL AND truths

-- term: area_under_roc = kernel roc_auc each scores, truths
scores, truths

-- term: area_under_roc_micro = kernel roc_auc_micro over each scores, truths
scores, truths

-- term: step_precision = kernel average_precision each scores, truths
scores, truths

-- term: step_precision_micro = kernel average_precision_micro over each scores, truths
scores, truths

-- metric: accuracy
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: wilson(n_exact)
-- formula: samples whose labels are all right, and no others predicted / measured
-- undefined: no sample has both labels and predictions
n_exact / nullif(n, 0)

-- metric: hamming_loss
-- of: whole
-- better: lower
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: mean share of the classes that are wrongly predicted or missed
-- undefined: no sample has both labels and predictions
wrong_sum / nullif(n, 0)

-- metric: precision_samples
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: mean over samples: true labels among the predicted ones; a sample without prediction counts 0
-- undefined: no sample has both labels and predictions
sample_precision_sum / nullif(n, 0)

-- metric: recall_samples
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: mean over samples: predicted labels among the true ones; a sample without label counts 0
-- undefined: no sample has both labels and predictions
sample_recall_sum / nullif(n, 0)

-- metric: f1_samples
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: mean over samples: 2 common labels / (true + predicted ones); a sample without either counts 0
-- undefined: no sample has both labels and predictions
sample_f1_sum / nullif(n, 0)

-- metric: jaccard_samples
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: mean over samples: common labels / labels on either side; a sample without either counts 0
-- undefined: no sample has both labels and predictions
sample_jaccard_sum / nullif(n, 0)

-- metric: precision
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: predicted
-- measured: n
-- interval: wilson(hits)
-- formula: true positives / predicted as this class
-- undefined: no sample is predicted as this class
hits / nullif(predicted, 0)

-- metric: recall
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: support
-- measured: n
-- interval: wilson(hits)
-- formula: true positives / samples of this class
-- undefined: no sample is of this class
hits / nullif(support, 0)

-- metric: f1
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: support + predicted - hits
-- measured: n
-- interval: f1(hits)
-- formula: 2 true positives / (samples of this class + predicted as this class)
-- undefined: no sample is of this class or predicted as it
2 * hits / nullif(support + predicted, 0)

-- metric: f_beta
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: support + predicted - hits
-- measured: n
-- interval: linearised
-- formula: (1 + beta^2) true positives / (beta^2 samples of this class + predicted as this class)
-- undefined: no sample is of this class or predicted as it
(1 + beta * beta) * hits / nullif(beta * beta * support + predicted, 0)

-- metric: specificity
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n - support
-- measured: n
-- interval: wilson(n - support - predicted + hits)
-- formula: true negatives / samples without this class
-- undefined: every sample is of this class
(n - support - predicted + hits) / nullif(n - support, 0)

-- metric: false_positive_rate
-- of: class
-- better: lower
-- unit: fraction
-- range: [0, 1]
-- n: n - support
-- measured: n
-- interval: wilson(predicted - hits)
-- formula: false positives / samples without this class
-- undefined: every sample is of this class
(predicted - hits) / nullif(n - support, 0)

-- metric: false_negative_rate
-- of: class
-- better: lower
-- unit: fraction
-- range: [0, 1]
-- n: support
-- measured: n
-- interval: wilson(support - hits)
-- formula: false negatives / samples of this class
-- undefined: no sample is of this class
(support - hits) / nullif(support, 0)

-- metric: prevalence
-- of: class
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: wilson(support)
-- formula: samples of this class / measured
-- undefined: no sample has both labels and predictions
support / nullif(n, 0)

-- metric: true_positives
-- of: class
-- better: higher
-- unit: samples
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: none: a count has no interval
-- formula: samples of this class that are predicted as it
-- undefined: never
hits

-- metric: false_positives
-- of: class
-- better: lower
-- unit: samples
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: none: a count has no interval
-- formula: samples without this class that are predicted as it
-- undefined: never
predicted - hits

-- metric: false_negatives
-- of: class
-- better: lower
-- unit: samples
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: none: a count has no interval
-- formula: samples of this class that are not predicted as it
-- undefined: never
support - hits

-- metric: true_negatives
-- of: class
-- better: higher
-- unit: samples
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: none: a count has no interval
-- formula: samples without this class that are not predicted as it
-- undefined: never
n - support - predicted + hits

-- metric: support
-- of: class
-- better: none
-- unit: samples
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: none: a count has no interval
-- formula: samples of this class
-- undefined: never
support

-- metric: roc_auc
-- of: class
-- better: higher
-- unit: probability
-- range: [0, 1]
-- n: n_scored
-- measured: n_scored
-- interval: kernel
-- formula: probability that a sample of this class scores higher than one without it, ties counting half
-- undefined: not both samples of this class and others have scores
area_under_roc

-- metric: average_precision
-- of: class
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n_scored
-- measured: n_scored
-- interval: kernel
-- formula: sum over thresholds of precision times the gain in recall, without interpolation
-- undefined: no sample of this class has scores
step_precision

-- metric: precision_micro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: true positives of all classes / predictions of all classes
-- undefined: no sample is predicted as one of the classes
sum(hits) / nullif(sum(predicted), 0)

-- metric: precision_macro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: mean precision of the classes with truth; a class that is never predicted counts 0
-- undefined: no sample is of one of the classes
avg(coalesce(hits / nullif(predicted, 0), 0)) FILTER (support > 0)

-- metric: precision_weighted
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: mean precision of the classes, weighted by their samples; a class that is never predicted counts 0
-- undefined: no sample is of one of the classes
sum(support * coalesce(hits / nullif(predicted, 0), 0)) / nullif(sum(support), 0)

-- metric: recall_micro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: true positives of all classes / true labels of all classes
-- undefined: no sample is of one of the classes
sum(hits) / nullif(sum(support), 0)

-- metric: recall_macro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: mean recall of the classes with truth
-- undefined: no sample is of one of the classes
avg(hits / support) FILTER (support > 0)

-- metric: recall_weighted
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: mean recall of the classes, weighted by their samples
-- undefined: no sample is of one of the classes
sum(hits) / nullif(sum(support), 0)

-- metric: f1_micro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: 2 true positives of all classes / (true labels + predictions of all classes)
-- undefined: no sample is of one of the classes or predicted as one
2 * sum(hits) / nullif(sum(support + predicted), 0)

-- metric: f1_macro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: mean F1 of the classes with truth
-- undefined: no sample is of one of the classes
avg(2 * hits / nullif(support + predicted, 0)) FILTER (support > 0)

-- metric: f1_weighted
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: mean F1 of the classes, weighted by their samples
-- undefined: no sample is of one of the classes
sum(support * 2 * hits / nullif(support + predicted, 0)) / nullif(sum(support), 0)

-- metric: f_beta_micro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: F-beta of the summed counts of all classes
-- undefined: no sample is of one of the classes or predicted as one
max(1 + beta * beta) * sum(hits) / nullif(sum(beta * beta * support + predicted), 0)

-- metric: f_beta_macro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: mean F-beta of the classes with truth
-- undefined: no sample is of one of the classes
avg((1 + beta * beta) * hits / nullif(beta * beta * support + predicted, 0)) FILTER (support > 0)

-- metric: f_beta_weighted
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: linearised
-- formula: mean F-beta of the classes, weighted by their samples
-- undefined: no sample is of one of the classes
sum(support * (1 + beta * beta) * hits / nullif(beta * beta * support + predicted, 0)) / nullif(sum(support), 0)

-- metric: roc_auc_micro
-- of: whole
-- better: higher
-- unit: probability
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: ROC AUC of all (sample, class) pairs together
-- undefined: no sample has labels and scores of several classes
area_under_roc_micro

-- metric: roc_auc_macro
-- of: classes
-- better: higher
-- unit: probability
-- range: [0, 1]
-- n: max(n_scored)
-- measured: max(n_scored)
-- interval: linearised
-- formula: mean ROC AUC of the classes with truth
-- undefined: no class has both samples of its own and others with scores
avg(area_under_roc) FILTER (scored_support > 0)

-- metric: roc_auc_weighted
-- of: classes
-- better: higher
-- unit: probability
-- range: [0, 1]
-- n: max(n_scored)
-- measured: max(n_scored)
-- interval: linearised
-- formula: mean ROC AUC, weighted by the samples of each class
-- undefined: no class has both samples of its own and others with scores
sum(scored_support * area_under_roc) / nullif(sum(scored_support) FILTER (area_under_roc IS NOT NULL), 0)

-- metric: average_precision_micro
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: average precision of all (sample, class) pairs together
-- undefined: no sample has labels and scores
step_precision_micro

-- metric: average_precision_macro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n_scored)
-- measured: max(n_scored)
-- interval: linearised
-- formula: mean average precision of the classes with truth
-- undefined: no sample of one of the classes has scores
avg(step_precision) FILTER (scored_support > 0)

-- metric: average_precision_weighted
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n_scored)
-- measured: max(n_scored)
-- interval: linearised
-- formula: mean average precision, weighted by the samples of each class
-- undefined: no sample of one of the classes has scores
sum(scored_support * step_precision) / nullif(sum(scored_support) FILTER (step_precision IS NOT NULL), 0)
