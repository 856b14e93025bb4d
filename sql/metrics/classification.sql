-- term: n = count
correct IS NOT NULL

-- term: n_correct = count
correct

-- term: support = count by truth
correct IS NOT NULL

-- term: predicted = count by prediction
correct IS NOT NULL

-- term: hits = count by truth
correct

-- term: confusion = count by truth, prediction
correct IS NOT NULL

-- term: n_loss = count
log_loss IS NOT NULL

-- term: n_outside = count
list_min(scores) < 0 OR list_max(scores) > 1

-- term: log_loss_sum = sum
log_loss

-- term: brier_score_sum = sum
brier_score

-- term: n_ranked = count
in_top_k IS NOT NULL

-- term: n_in_top_k = count
in_top_k

-- term: n_confidence = count
confidence IS NOT NULL AND correct IS NOT NULL

-- term: calibration_error = kernel expected_calibration_error
confidence, correct

-- term: n_scored = count
scores IS NOT NULL AND truth IS NOT NULL

-- term: scored_support = count by truth
scores IS NOT NULL AND truth IS NOT NULL

-- term: area_under_roc = kernel roc_auc by truth
scores

-- term: area_under_roc_micro = kernel roc_auc_micro over truth
scores

-- term: step_precision = kernel average_precision by truth
scores

-- term: step_precision_micro = kernel average_precision_micro over truth
scores

-- metric: accuracy
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: wilson(n_correct)
-- formula: correct / measured
-- undefined: no sample has both a label and a prediction
n_correct / nullif(n, 0)

-- metric: balanced_accuracy
-- of: all classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: table
-- formula: mean recall of the classes with truth
-- undefined: no sample has both a label and a prediction
avg(hits / support) FILTER (support > 0)

-- metric: mcc
-- of: all classes
-- better: higher
-- unit: correlation
-- range: [-1, 1]
-- n: max(n)
-- measured: max(n)
-- interval: table
-- formula: the R_K statistic (Gorodkin 2004)
-- undefined: all labels or all predictions are of one class
CASE WHEN max(n) * max(n) > sum(predicted * predicted) + (max(n) - sum(predicted)) * (max(n) - sum(predicted))
        AND max(n) * max(n) > sum(support * support)
    THEN (max(n_correct) * max(n) - sum(support * predicted))
        / (sqrt(max(n) * max(n) - sum(predicted * predicted) - (max(n) - sum(predicted)) * (max(n) - sum(predicted)))
            * sqrt(max(n) * max(n) - sum(support * support))) END

-- metric: cohen_kappa
-- of: all classes
-- better: higher
-- unit: agreement
-- range: [-1, 1]
-- n: max(n)
-- measured: max(n)
-- interval: table
-- formula: (observed agreement - agreement by chance) / (1 - agreement by chance) (Cohen 1960)
-- undefined: agreement by chance is complete
CASE WHEN max(n) * max(n) > sum(support * predicted)
    THEN (max(n_correct) * max(n) - sum(support * predicted))
        / (max(n) * max(n) - sum(support * predicted)) END

-- metric: top_k_accuracy
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n_ranked
-- measured: n_ranked
-- interval: wilson(n_in_top_k)
-- formula: samples whose true label is among the top_k highest scores / samples with scores
-- undefined: no sample has a label and scores
n_in_top_k / nullif(n_ranked, 0)

-- metric: log_loss
-- of: whole
-- better: lower
-- unit: nats
-- range: [0, inf)
-- n: n_loss
-- measured: n_loss
-- interval: linearised
-- formula: mean(-log(score of the true label)), clipped as scikit-learn clips it
-- undefined: no sample has a label and scores that are probabilities, or some scores lie outside 0 to 1
CASE WHEN n_outside = 0 THEN log_loss_sum / nullif(n_loss, 0) END

-- metric: brier_score
-- of: whole
-- better: lower
-- unit: squared probability
-- range: [0, 2]
-- n: n_loss
-- measured: n_loss
-- interval: linearised
-- formula: mean squared distance of the scores from the truth (Brier 1950); two classes: of the positive one alone
-- undefined: no sample has a label and scores that are probabilities, or some scores lie outside 0 to 1
CASE WHEN n_outside = 0 THEN brier_score_sum / nullif(n_loss, 0) END

-- metric: expected_calibration_error
-- of: whole
-- better: lower
-- unit: fraction
-- range: [0, 1]
-- n: n_confidence
-- measured: n_confidence
-- interval: none: it is biased upward in small test cases; compare brier_score and log_loss
-- formula: mean |confidence - accuracy| over 15 equally wide bins of the confidence, weighted by size
-- undefined: no sample has a label and a confidence
calibration_error

-- metric: precision
-- of: class, positive
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
-- of: class, positive
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
-- of: class, positive
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
-- of: class, positive
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: support + predicted - hits
-- measured: n
-- interval: table
-- formula: (1 + beta^2) true positives / (beta^2 samples of this class + predicted as this class)
-- undefined: no sample is of this class or predicted as it
(1 + beta * beta) * hits / nullif(beta * beta * support + predicted, 0)

-- metric: specificity
-- of: class, positive
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n - support
-- measured: n
-- interval: wilson(n - support - predicted + hits)
-- formula: true negatives / samples of other classes
-- undefined: every sample is of this class
(n - support - predicted + hits) / nullif(n - support, 0)

-- metric: false_positive_rate
-- of: class, positive
-- better: lower
-- unit: fraction
-- range: [0, 1]
-- n: n - support
-- measured: n
-- interval: wilson(predicted - hits)
-- formula: false positives / samples of other classes
-- undefined: every sample is of this class
(predicted - hits) / nullif(n - support, 0)

-- metric: false_negative_rate
-- of: class, positive
-- better: lower
-- unit: fraction
-- range: [0, 1]
-- n: support
-- measured: n
-- interval: wilson(support - hits)
-- formula: false negatives / samples of this class
-- undefined: no sample is of this class
(support - hits) / nullif(support, 0)

-- metric: negative_predictive_value
-- of: class, positive
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n - predicted
-- measured: n
-- interval: wilson(n - support - predicted + hits)
-- formula: true negatives / predicted as other classes
-- undefined: every sample is predicted as this class
(n - support - predicted + hits) / nullif(n - predicted, 0)

-- metric: prevalence
-- of: class, positive
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: n
-- measured: n
-- interval: wilson(support)
-- formula: samples of this class / measured
-- undefined: no sample has both a label and a prediction
support / nullif(n, 0)

-- metric: true_positives
-- of: class, positive
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
-- of: class, positive
-- better: lower
-- unit: samples
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: none: a count has no interval
-- formula: samples of other classes that are predicted as this one
-- undefined: never
predicted - hits

-- metric: false_negatives
-- of: class, positive
-- better: lower
-- unit: samples
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: none: a count has no interval
-- formula: samples of this class that are predicted as another
-- undefined: never
support - hits

-- metric: true_negatives
-- of: class, positive
-- better: higher
-- unit: samples
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: none: a count has no interval
-- formula: samples of other classes that are predicted as other classes
-- undefined: never
n - support - predicted + hits

-- metric: support
-- of: class, positive
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
-- of: class, positive
-- better: higher
-- unit: probability
-- range: [0, 1]
-- n: n_scored
-- measured: n_scored
-- interval: kernel
-- formula: probability that a sample of this class scores higher than another one, ties counting half
-- undefined: not both samples of this class and of others have scores
area_under_roc

-- metric: average_precision
-- of: class, positive
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
-- n: sum(predicted)
-- measured: max(n)
-- interval: wilson(sum(hits))
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
-- interval: table
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
-- interval: table
-- formula: mean precision of the classes, weighted by their samples; a class that is never predicted counts 0
-- undefined: no sample is of one of the classes
sum(support * coalesce(hits / nullif(predicted, 0), 0)) / nullif(sum(support), 0)

-- metric: recall_micro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: sum(support)
-- measured: max(n)
-- interval: wilson(sum(hits))
-- formula: true positives of all classes / samples of all classes
-- undefined: no sample is of one of the classes
sum(hits) / nullif(sum(support), 0)

-- metric: recall_macro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: table
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
-- interval: table
-- formula: mean recall of the classes, weighted by their samples
-- undefined: no sample is of one of the classes
sum(hits) / nullif(sum(support), 0)

-- metric: f1_micro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: sum(support + predicted - hits)
-- measured: max(n)
-- interval: table
-- formula: 2 true positives of all classes / (samples + predictions of all classes)
-- undefined: no sample is of one of the classes or predicted as one
2 * sum(hits) / nullif(sum(support + predicted), 0)

-- metric: f1_macro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: max(n)
-- measured: max(n)
-- interval: table
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
-- interval: table
-- formula: mean F1 of the classes, weighted by their samples
-- undefined: no sample is of one of the classes
sum(support * 2 * hits / nullif(support + predicted, 0)) / nullif(sum(support), 0)

-- metric: f_beta_micro
-- of: classes
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: sum(support + predicted - hits)
-- measured: max(n)
-- interval: table
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
-- interval: table
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
-- interval: table
-- formula: mean F-beta of the classes, weighted by their samples
-- undefined: no sample is of one of the classes
sum(support * (1 + beta * beta) * hits / nullif(beta * beta * support + predicted, 0)) / nullif(sum(support), 0)

-- metric: roc_auc_micro
-- of: whole
-- better: higher
-- unit: probability
-- range: [0, 1]
-- n: n_scored
-- measured: n_scored
-- interval: kernel
-- formula: ROC AUC of all (sample, class) pairs together
-- undefined: no sample has a label and scores of several classes
area_under_roc_micro

-- metric: roc_auc_macro
-- of: classes
-- better: higher
-- unit: probability
-- range: [0, 1]
-- n: max(n_scored)
-- measured: max(n_scored)
-- interval: linearised
-- formula: mean ROC AUC, one class against the others, of the classes with truth
-- undefined: no class has both samples of its own and of others with scores
avg(area_under_roc) FILTER (scored_support > 0)

-- metric: roc_auc_weighted
-- of: classes
-- better: higher
-- unit: probability
-- range: [0, 1]
-- n: max(n_scored)
-- measured: max(n_scored)
-- interval: linearised
-- formula: mean ROC AUC, one class against the others, weighted by the samples of each class
-- undefined: no class has both samples of its own and of others with scores
sum(scored_support * area_under_roc) / nullif(sum(scored_support) FILTER (area_under_roc IS NOT NULL), 0)

-- metric: average_precision_micro
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n_scored
-- measured: n_scored
-- interval: kernel
-- formula: average precision of all (sample, class) pairs together
-- undefined: no sample has a label and scores
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
