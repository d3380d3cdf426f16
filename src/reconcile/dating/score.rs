//! Scores: natural logarithms of likelihoods, in sixteenths, as whole numbers. So the same file gives the same days on
//! any machine: no floating point takes part.

/// Sixteenths of a natural logarithm; 0 is certain, and the lower, the less likely.
pub(super) type Score = i32;

/// What is impossible. A few of them can be added up.
pub(super) const IMPOSSIBLE: Score = -(1 << 24);

/// A weight of one: what a score of 0 means.
pub(super) const ONE: u64 = 1 << 32;

/// Below this a weight counts as nothing: one in ten thousand million.
const LEAST: usize = 23 * 16;

/// `exp(-1/16)`, in parts of [`ONE`].
const STEP: u64 = 4_034_748_382;

/// `exp(-n/16)`, in parts of [`ONE`].
static WEIGHTS: [u64; LEAST] = {
    let mut weights = [ONE; LEAST];
    let mut at = 1;
    while at < LEAST {
        weights[at] = (weights[at - 1] * STEP + (ONE >> 1)) >> 32;
        at += 1;
    }
    weights
};

/// A score from hundredths of a natural logarithm.
pub(super) const fn nats(hundredths: i32) -> Score {
    (hundredths * 16 + if hundredths < 0 { -50 } else { 50 }) / 100
}

/// The weight, in parts of [`ONE`], of a score that is not above 0.
pub(super) fn weight(score: Score) -> u64 {
    usize::try_from(-score).ok().and_then(|below| WEIGHTS.get(below)).copied().unwrap_or(0)
}

/// The logarithm of the sum of what the scores stand for.
pub(super) fn sum(scores: &[Score]) -> Score {
    let Some(highest) = scores.iter().copied().max().filter(|&highest| highest > IMPOSSIBLE / 2) else {
        return IMPOSSIBLE;
    };
    let total: u64 = scores.iter().map(|score| weight(score - highest)).sum();
    highest + ratio(total, ONE)
}

/// The score of a share, `part` of `whole`; both above 0.
pub(super) fn ratio(part: u64, whole: u64) -> Score {
    /// 16 times the natural logarithm of 2, in parts of 2^16.
    const PER_DOUBLING: i64 = 726_817;
    let scaled = (logarithm(part) - logarithm(whole)) * PER_DOUBLING;
    i32::try_from((scaled + (1 << 31)) >> 32).unwrap_or(IMPOSSIBLE)
}

/// The logarithm to base 2, in parts of 2^16.
fn logarithm(value: u64) -> i64 {
    let doublings = value.max(1).ilog2();
    let mut mantissa = value.max(1) << (63 - doublings);
    let mut logarithm = i64::from(doublings);
    for _ in 0..16 {
        let square = u128::from(mantissa) * u128::from(mantissa);
        let carries = square >> 127 == 1;
        mantissa = u64::try_from(square >> if carries { 64 } else { 63 }).unwrap_or(u64::MAX);
        logarithm = logarithm << 1 | i64::from(carries);
    }
    logarithm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_near_enough_to_the_logarithms_that_they_stand_for() {
        for (part, whole) in [(1, 1), (1, 2), (3, 7), (73_000, 1), (1, 1_000_000_007), (ONE, 3)] {
            #[expect(clippy::cast_precision_loss, reason = "only compared")]
            let exact = (part as f64 / whole as f64).ln() * 16.0;
            assert!((f64::from(ratio(part, whole)) - exact).abs() <= 0.51, "{part}/{whole}: {exact}");
        }
        for score in [0, -1, -16, -100, -300] {
            #[expect(clippy::cast_precision_loss, reason = "only compared")]
            let (got, exact) = (weight(score) as f64 / ONE as f64, (f64::from(score) / 16.0).exp());
            assert!((got / exact - 1.0).abs() < 0.001 || got < 1e-6, "{score}: {got} for {exact}");
        }
        assert_eq!((weight(-1000), sum(&[IMPOSSIBLE; 3])), (0, IMPOSSIBLE));
        assert_eq!(sum(&[-40, -40]), -40 + 11, "twice as likely");
        assert_eq!((nats(-275), nats(-180), nats(0)), (-44, -29, 0));
    }
}
