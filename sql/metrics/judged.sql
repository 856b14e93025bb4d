-- Several graders of one answer: only samples with two grades or more say how far the graders agree. Samples are the
-- units, since the grades of one sample vary together; agreement makes no model better, so it has no direction.

-- term: n_judged = count
verdict IS NOT NULL

-- term: n_passed = count
verdict

-- term: n_scored = count
score IS NOT NULL

-- term: score_sum = sum
score

-- term: n_with_verdicts = count
n_verdicts > 0

-- term: n_tied = count
n_verdicts > 0 AND verdict IS NULL

-- term: n_compared = count
n_verdicts > 1

-- term: compared_verdicts = sum
CASE WHEN n_verdicts > 1 THEN n_verdicts END

-- term: passing_shares = sum
CASE WHEN n_verdicts > 1 THEN n_passes / n_verdicts END

-- term: compared_passes = sum
CASE WHEN n_verdicts > 1 THEN n_passes END

-- term: agreeing_pairs = sum
CASE WHEN n_verdicts > 1 THEN (n_passes * (n_passes - 1) + (n_verdicts - n_passes) * (n_verdicts - n_passes - 1)) / (n_verdicts * (n_verdicts - 1)) END

-- term: differing_verdicts = sum
CASE WHEN n_verdicts > 1 THEN 2 * n_passes * (n_verdicts - n_passes) / (n_verdicts - 1) END

-- term: n_by_two = count
first_verdict IS NOT NULL AND second_verdict IS NOT NULL

-- term: n_alike = count
first_verdict = second_verdict

-- term: first_passes = count
first_verdict AND second_verdict IS NOT NULL

-- term: second_passes = count
second_verdict AND first_verdict IS NOT NULL

-- term: n_graded = count
n_grades > 1

-- term: compared_grades = sum
CASE WHEN n_grades > 1 THEN n_grades END

-- term: compared_sum = sum
CASE WHEN n_grades > 1 THEN grade_sum END

-- term: compared_squares = sum
CASE WHEN n_grades > 1 THEN grade_squares END

-- term: squares_within = sum
CASE WHEN n_grades > 1 THEN 2 * (n_grades * grade_squares - grade_sum * grade_sum) / (n_grades - 1) END

-- term: range_sum = sum
CASE WHEN n_grades > 1 THEN highest_grade - lowest_grade END

-- term: compared_minimum = minimum
CASE WHEN n_grades > 1 THEN lowest_grade END

-- term: compared_maximum = maximum
CASE WHEN n_grades > 1 THEN highest_grade END

-- term: ordinal_agreement = kernel ordinal_alpha
grades

-- metric: pass_rate
-- of: whole
-- better: higher
-- unit: fraction
-- range: [0, 1]
-- n: n_judged
-- measured: n_judged
-- interval: wilson(n_passed)
-- formula: passed / judged
-- undefined: no sample has a verdict
n_passed / nullif(n_judged, 0)

-- metric: mean_score
-- of: whole
-- better: higher
-- unit: score
-- range: (-inf, inf)
-- n: n_scored
-- measured: n_scored
-- interval: linearised
-- formula: sum of scores / number of scores
-- undefined: no sample has a score
score_sum / nullif(n_scored, 0)

-- metric: tie_rate
-- of: whole
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: n_with_verdicts
-- measured: n_with_verdicts
-- interval: wilson(n_tied)
-- formula: samples whose graders are split evenly / samples with verdicts
-- undefined: no sample has a verdict of several graders
n_tied / nullif(n_with_verdicts, 0)

-- metric: verdict_agreement
-- of: whole
-- better: none
-- unit: fraction
-- range: [0, 1]
-- n: n_compared
-- measured: n_compared
-- interval: linearised
-- formula: mean over samples of (pairs of graders with the same verdict / pairs of graders)
-- undefined: no sample has the verdicts of two graders
agreeing_pairs / nullif(n_compared, 0)

-- metric: cohen_kappa
-- of: whole
-- better: none
-- unit: kappa
-- range: [-1, 1]
-- n: n_by_two
-- measured: n_by_two
-- interval: linearised
-- formula: (observed - expected agreement) / (1 - expected), expected from how often each of two graders passes (Cohen 1960)
-- undefined: no sample has the verdicts of both graders, or both always give the same one
(n_alike * n_by_two - first_passes * second_passes - (n_by_two - first_passes) * (n_by_two - second_passes))
    / nullif(n_by_two * n_by_two - first_passes * second_passes - (n_by_two - first_passes) * (n_by_two - second_passes), 0)

-- metric: fleiss_kappa
-- of: whole
-- better: none
-- unit: kappa
-- range: [-1, 1]
-- n: n_compared
-- measured: n_compared
-- interval: linearised
-- formula: (observed - expected agreement) / (1 - expected), observed over the pairs of graders of each sample, expected from the mean share of graders that pass (Fleiss 1971)
-- undefined: no sample has the verdicts of two graders, or all verdicts are the same
1 - (1 - agreeing_pairs / nullif(n_compared, 0))
    / nullif(2 * passing_shares * (n_compared - passing_shares) / (n_compared * n_compared), 0)

-- metric: krippendorff_alpha
-- of: whole
-- better: none
-- unit: alpha
-- range: [-1, 1]
-- n: n_compared
-- measured: n_compared
-- interval: linearised
-- formula: 1 - observed / expected disagreement of verdicts; a sample counts by its number of graders (Krippendorff 2011)
-- undefined: no sample has the verdicts of two graders, or all verdicts are the same
1 - (compared_verdicts - 1) * differing_verdicts / nullif(2 * compared_passes * (compared_verdicts - compared_passes), 0)

-- metric: score_range
-- of: whole
-- better: none
-- unit: score
-- range: [0, inf)
-- n: n_graded
-- measured: n_graded
-- interval: linearised
-- formula: mean over samples of (highest - lowest grade)
-- undefined: no sample has the grades of two graders
range_sum / nullif(n_graded, 0)

-- metric: krippendorff_alpha_interval
-- of: whole
-- better: none
-- unit: alpha
-- range: [-1, 1]
-- n: n_graded
-- measured: n_graded
-- interval: linearised
-- formula: 1 - observed / expected squared difference of grades; a sample counts by its number of graders (Krippendorff 2011)
-- undefined: no sample has the grades of two graders, or all grades are the same
CASE WHEN compared_minimum < compared_maximum THEN 1 - (compared_grades - 1) * squares_within
    / nullif(2 * (compared_grades * compared_squares - compared_sum * compared_sum), 0) END

-- metric: krippendorff_alpha_ordinal
-- of: whole
-- better: none
-- unit: alpha
-- range: [-1, 1]
-- n: n_graded
-- measured: n_graded
-- interval: linearised
-- formula: the same, of the average ranks of the grades within the test case (Krippendorff 2011, for ordinal data)
-- undefined: no sample has the grades of two graders, or all grades are the same
ordinal_agreement
