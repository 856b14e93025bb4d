-- term: n_judged = count
verdict IS NOT NULL

-- term: n_passed = count
verdict

-- term: n_scored = count
score IS NOT NULL

-- term: score_sum = sum
score

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
