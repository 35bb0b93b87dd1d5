package org.moe4j.train;

import java.util.Map;

/**
 * How far a run is.
 *
 * @param step steps done, skipped ones included, those that a restart took back not
 * @param tokens training tokens of these steps
 * @param skipped steps whose loss or gradient was not finite, and which changed nothing
 * @param batch the number of the next batch: the step's, and as many more as restarts left out
 * @param restarts how often the run went back to an earlier checkpoint
 */
public record Progress(long step, long tokens, long skipped, long batch, int restarts) {
    static final Progress START = new Progress(0, 0, 0);

    /** Without restarts. */
    public Progress(long step, long tokens, long skipped) {
        this(step, tokens, skipped, step, 0);
    }

    /** After one more step. */
    Progress next(long moreTokens, boolean wasSkipped) {
        return new Progress(step + 1, tokens + moreTokens, skipped + (wasSkipped ? 1 : 0), batch + 1, restarts);
    }

    /** Back where {@code earlier} was, but on with this batch. */
    Progress restartedAt(Progress earlier) {
        return new Progress(earlier.step, earlier.tokens, earlier.skipped, batch, restarts + 1);
    }

    /** As the facts of a checkpoint. */
    Map<String, String> facts() {
        return Map.of("step", Long.toString(step), "tokens", Long.toString(tokens), "skipped", Long.toString(skipped), "batch", Long.toString(batch),
            "restarts", Integer.toString(restarts));
    }

    static Progress of(Map<String, String> facts) {
        return new Progress(number(facts, "step"), number(facts, "tokens"), number(facts, "skipped"), number(facts, "batch"),
            Math.toIntExact(number(facts, "restarts")));
    }

    private static long number(Map<String, String> facts, String name) {
        return Long.parseLong(facts.get(name));
    }
}
