package org.moe4j.golden;

/**
 * What became of one case.
 *
 * @param name the case, or the file if it could not be read
 * @param reason why it failed or is not covered; for a passed one a remark, or empty
 */
public record CaseResult(String name, Outcome outcome, String reason) {
    /** The worse of two: a case passes on several back ends only if it passes on each. */
    CaseResult and(CaseResult other) {
        if (outcome == Outcome.FAILED || other.outcome == Outcome.PASSED && outcome != Outcome.PASSED) {
            return this;
        }
        return other.outcome == Outcome.PASSED && other.reason.isEmpty() ? this : other;
    }

    @Override
    public String toString() {
        return "%-11s  %s%s".formatted(outcome, name, reason.isEmpty() ? "" : ": " + reason);
    }
}
