package org.moe4j.golden;

/** Ends the computation of a case early, with what is to be said of it. */
final class Verdict extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Outcome outcome;

    private Verdict(Outcome outcome, String reason) {
        super(reason);
        this.outcome = outcome;
    }

    static Verdict failed(String reason) {
        return new Verdict(Outcome.FAILED, reason);
    }

    static Verdict notCovered(String reason) {
        return new Verdict(Outcome.NOT_COVERED, reason);
    }

    Outcome outcome() {
        return outcome;
    }
}
