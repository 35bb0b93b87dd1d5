package org.moe4j.data;

import org.moe4j.io.InputException;
import org.moe4j.tensor.CounterRandom;

/**
 * Training batches by number. Each sequence starts at a place drawn evenly from all places in the train part where a whole
 * sequence of one domain starts, by a random number that depends on (seed, step, row) alone: a resumed run asks for step n
 * and gets what the uninterrupted one had.
 */
public final class Batches {
    private final char[][] streams;
    private final long[] placesBefore;   // (domains + 1): places to start at in the domains before each
    private final int batch;
    private final int time;
    private final CounterRandom random;

    /**
     * @param batch B, sequences a batch
     * @param time T, tokens a sequence
     * @throws InputException if no domain has T + 1 tokens to train on
     */
    public Batches(TokenSet set, int batch, int time, long seed) {
        if (batch < 1 || time < 1) throw new InputException("batches of " + batch + " sequences of " + time + " tokens: want at least 1 of each");
        this.streams = set.train();
        this.batch = batch;
        this.time = time;
        this.random = CounterRandom.of(seed, "batches");
        placesBefore = new long[streams.length + 1];
        int longest = 0;
        for (int d = 0; d < streams.length; d++) {
            placesBefore[d + 1] = placesBefore[d] + Math.max(0, streams[d].length - time);
            longest = Math.max(longest, streams[d].length);
        }
        if (placesBefore[streams.length] == 0) {
            throw new InputException("the text is shorter than one sequence: the longest domain has " + longest
                    + " tokens to train on, a sequence of " + time + " takes " + (time + 1L) + ": give more text or shorten the sequence");
        }
    }

    /** The batch of a step, from 0. */
    public Batch at(long step) {
        CounterRandom draws = random.at(step);
        int[] domains = new int[batch];
        int[] starts = new int[batch];
        for (int b = 0; b < batch; b++) {
            long place = Math.unsignedMultiplyHigh(draws.bits(b), placesBefore[streams.length]);
            while (placesBefore[domains[b] + 1] <= place) domains[b]++;
            starts[b] = (int) (place - placesBefore[domains[b]]);
        }
        return Batch.of(streams, domains, starts, time);
    }
}
