package org.moe4j.train;

/**
 * How far a run is.
 *
 * @param step steps done, skipped ones included
 * @param tokens training tokens seen
 * @param skipped steps whose loss or gradient was not finite, and which changed nothing
 */
public record Progress(long step, long tokens, long skipped) {
    static final Progress START = new Progress(0, 0, 0);

    /** After one more step. */
    Progress next(long moreTokens, boolean wasSkipped) {
        return new Progress(step + 1, tokens + moreTokens, skipped + (wasSkipped ? 1 : 0));
    }
}
