-- term: n = count
error IS NOT NULL

-- term: error_sum = sum
error

-- term: absolute_error_sum = sum
abs(error)

-- term: squared_error_sum = sum
error * error

-- term: absolute_error_maximum = maximum
abs(error)

-- term: n_percentage = count
error IS NOT NULL AND truth <> 0

-- term: percentage_error_sum = sum
CASE WHEN truth <> 0 THEN abs(error) / abs(truth) END

-- term: n_symmetric = count
error IS NOT NULL AND abs(truth) + abs(prediction) > 0

-- term: symmetric_error_sum = sum
CASE WHEN abs(truth) + abs(prediction) > 0 THEN 2 * abs(error) / (abs(truth) + abs(prediction)) END

-- term: truth_sum = sum
truth_deviation

-- term: truth_squares = sum
truth_deviation * truth_deviation

-- term: prediction_sum = sum
prediction_deviation

-- term: prediction_squares = sum
prediction_deviation * prediction_deviation

-- term: products = sum
truth_deviation * prediction_deviation

-- term: error_deviation_sum = sum
prediction_deviation - truth_deviation

-- term: error_deviation_squares = sum
(prediction_deviation - truth_deviation) * (prediction_deviation - truth_deviation)

-- term: truth_minimum = minimum
truth

-- term: truth_maximum = maximum
truth

-- term: prediction_minimum = minimum
prediction

-- term: prediction_maximum = maximum
prediction

-- term: error_minimum = minimum
error

-- term: error_maximum = maximum
error

-- term: absolute_error_median = kernel median
abs(error)

-- term: rank_correlation = kernel spearman
truth, prediction

-- term: pair_correlation = kernel kendall_tau_b
truth, prediction

-- metric: bias
-- of: whole
-- better: none
-- unit: target
-- range: (-inf, inf)
-- n: n
-- measured: n
-- interval: linearised
-- formula: mean(prediction - truth)
-- undefined: no sample has both a finite truth and a finite prediction
error_sum / nullif(n, 0)

-- metric: mae
-- of: whole
-- better: lower
-- unit: target
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: linearised
-- formula: mean(|prediction - truth|)
-- undefined: no sample has both a finite truth and a finite prediction
absolute_error_sum / nullif(n, 0)

-- metric: median_absolute_error
-- of: whole
-- better: lower
-- unit: target
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: kernel
-- formula: median(|prediction - truth|)
-- undefined: no sample has both a finite truth and a finite prediction
absolute_error_median

-- metric: mse
-- of: whole
-- better: lower
-- unit: target squared
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: linearised
-- formula: mean((prediction - truth)^2)
-- undefined: no sample has both a finite truth and a finite prediction
squared_error_sum / nullif(n, 0)

-- metric: rmse
-- of: whole
-- better: lower
-- unit: target
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: linearised
-- formula: sqrt(mean((prediction - truth)^2))
-- undefined: no sample has both a finite truth and a finite prediction
sqrt(squared_error_sum / nullif(n, 0))

-- metric: max_error
-- of: whole
-- better: lower
-- unit: target
-- range: [0, inf)
-- n: n
-- measured: n
-- interval: none: a maximum has no interval
-- formula: max(|prediction - truth|)
-- undefined: no sample has both a finite truth and a finite prediction
absolute_error_maximum

-- metric: mape
-- of: whole
-- better: lower
-- unit: fraction
-- range: [0, inf)
-- n: n_percentage
-- measured: n
-- interval: linearised
-- formula: mean(|prediction - truth| / |truth|), over samples whose truth is not 0
-- undefined: no sample has a finite prediction and a finite truth other than 0
percentage_error_sum / nullif(n_percentage, 0)

-- metric: smape
-- of: whole
-- better: lower
-- unit: fraction
-- range: [0, 2]
-- n: n_symmetric
-- measured: n
-- interval: linearised
-- formula: mean(2 |prediction - truth| / (|truth| + |prediction|)), over samples where one of them is not 0
-- undefined: no sample has a finite truth and prediction of which one is not 0
symmetric_error_sum / nullif(n_symmetric, 0)

-- metric: r2
-- of: whole
-- better: higher
-- unit: fraction
-- range: (-inf, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: 1 - sum((truth - prediction)^2) / sum((truth - mean(truth))^2)
-- undefined: the truth has fewer than two different values, or too little spread for its distance from the mean of all
CASE WHEN truth_maximum > truth_minimum AND truth_squares - truth_sum * truth_sum / n > 1e-9 * truth_squares
    THEN 1 - squared_error_sum / (truth_squares - truth_sum * truth_sum / n) END

-- metric: explained_variance
-- of: whole
-- better: higher
-- unit: fraction
-- range: (-inf, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: 1 - variance(truth - prediction) / variance(truth)
-- undefined: the truth has fewer than two different values, or too little spread for its or the error's distance from the mean of all
CASE WHEN truth_maximum > truth_minimum
        AND truth_squares - truth_sum * truth_sum / n > 1e-9 * truth_squares
        AND greatest(truth_squares - truth_sum * truth_sum / n,
                error_deviation_squares - error_deviation_sum * error_deviation_sum / n) > 1e-9 * error_deviation_squares
    THEN 1 - CASE WHEN error_maximum > error_minimum
            THEN greatest(error_deviation_squares - error_deviation_sum * error_deviation_sum / n, 0) ELSE 0 END
        / (truth_squares - truth_sum * truth_sum / n) END

-- metric: pearson
-- of: whole
-- better: higher
-- unit: correlation
-- range: [-1, 1]
-- n: n
-- measured: n
-- interval: linearised
-- formula: covariance(truth, prediction) / (standard deviation of each)
-- undefined: truth or prediction has fewer than two different values, too little spread for its distance from the mean of all, or squares beyond the range of numbers
CASE WHEN truth_maximum > truth_minimum AND prediction_maximum > prediction_minimum
        AND truth_squares < 1.797e308 AND prediction_squares < 1.797e308
        AND truth_squares - truth_sum * truth_sum / n > 1e-9 * truth_squares
        AND prediction_squares - prediction_sum * prediction_sum / n > 1e-9 * prediction_squares
    THEN greatest(-1, least(1, (products - truth_sum * prediction_sum / n)
        / (sqrt(truth_squares - truth_sum * truth_sum / n)
            * sqrt(prediction_squares - prediction_sum * prediction_sum / n)))) END

-- metric: spearman
-- of: whole
-- better: higher
-- unit: correlation
-- range: [-1, 1]
-- n: n
-- measured: n
-- interval: kernel
-- formula: Pearson correlation of the ranks, equal values sharing their mean rank
-- undefined: the truth or the prediction has fewer than two different values
rank_correlation

-- metric: kendall_tau
-- of: whole
-- better: higher
-- unit: correlation
-- range: [-1, 1]
-- n: n
-- measured: n
-- interval: kernel
-- formula: tau-b (Kendall 1945)
-- undefined: the truth or the prediction has fewer than two different values
pair_correlation

-- term: n_of_level = count each pinball_losses
pinball_losses IS NOT NULL

-- term: pinball_sum = sum each pinball_losses
pinball_losses

-- term: n_at_or_under = count each at_or_under
at_or_under

-- term: n_of_interval = count each covered
covered IS NOT NULL

-- term: n_covered_of_interval = count each covered
covered

-- term: width_sum_of_interval = sum each widths
widths

-- term: n_interval = count
is_covered IS NOT NULL

-- term: n_covered = count
is_covered

-- term: width_sum = sum
interval_width

-- term: n_scored = count
weighted_interval_score IS NOT NULL

-- term: score_sum = sum
weighted_interval_score

-- metric: pinball_loss
-- of: classes
-- better: lower
-- unit: target
-- range: [0, inf)
-- n: max(n_of_level)
-- measured: max(n_of_level)
-- interval: linearised
-- formula: mean pinball loss over all levels and samples (Koenker and Bassett 1978)
-- undefined: no sample has a true number and quantiles
sum(pinball_sum) / nullif(sum(n_of_level), 0)

-- metric: pinball_loss_of_level
-- of: class
-- among: levels
-- better: lower
-- unit: target
-- range: [0, inf)
-- n: n_of_level
-- measured: n_of_level
-- interval: linearised
-- formula: mean of max(level * (truth - quantile), (level - 1) * (truth - quantile))
-- undefined: no sample has a true number and quantiles
pinball_sum / nullif(n_of_level, 0)

-- metric: quantile_coverage
-- of: class
-- among: levels
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: n_of_level
-- measured: n_of_level
-- interval: wilson(n_at_or_under)
-- formula: truths at or under the quantile / measured; as large as the level when the forecast is calibrated
-- undefined: no sample has a true number and quantiles
n_at_or_under / nullif(n_of_level, 0)

-- metric: interval_coverage
-- of: whole
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: n_interval
-- measured: n_interval
-- interval: wilson(n_covered)
-- formula: truths in the widest central interval / measured
-- undefined: no sample has a true number and quantiles
n_covered / nullif(n_interval, 0)

-- metric: interval_coverage_of_level
-- of: class
-- among: intervals
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: n_of_interval
-- measured: n_of_interval
-- interval: wilson(n_covered_of_interval)
-- formula: truths in the central interval between two levels / measured
-- undefined: no sample has a true number and quantiles
n_covered_of_interval / nullif(n_of_interval, 0)

-- metric: interval_width
-- of: whole
-- better: lower
-- unit: target
-- range: (-inf, inf)
-- n: n_interval
-- measured: n_interval
-- interval: linearised
-- formula: mean width of the widest central interval
-- undefined: no sample has a true number and quantiles
width_sum / nullif(n_interval, 0)

-- metric: interval_width_of_level
-- of: class
-- among: intervals
-- better: lower
-- unit: target
-- range: (-inf, inf)
-- n: n_of_interval
-- measured: n_of_interval
-- interval: linearised
-- formula: mean width of the central interval between two levels
-- undefined: no sample has a true number and quantiles
width_sum_of_interval / nullif(n_of_interval, 0)

-- metric: weighted_interval_score
-- of: whole
-- better: lower
-- unit: target
-- range: (-inf, inf)
-- n: n_scored
-- measured: n_scored
-- interval: linearised
-- formula: mean of the interval scores, weighted by alpha / 2, and of half the distance from the median (Bracher et al. 2021)
-- undefined: no sample has a true number and every quantile
score_sum / nullif(n_scored, 0)
