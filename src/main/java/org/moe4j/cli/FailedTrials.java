package org.moe4j.cli;

/** Trials of a sweep that failed, a line each. */
final class FailedTrials extends RuntimeException {
    private static final long serialVersionUID = 1L;

    FailedTrials(String message) {
        super(message);
    }
}
