package org.moe4j.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.moe4j.io.InputException;

/**
 * The fixed slice of the valid part on which every trial is measured: from the start of each domain, one sequence behind the
 * other, as many as the domain's share of the valid part.
 *
 * @param batches the slice; the last batch may have fewer sequences
 * @param tokens targets in the slice
 * @param bytes bytes of text that the targets stand for
 */
public record Validation(List<Batch> batches, long tokens, long bytes) {
    /** Copies the list. */
    public Validation {
        batches = List.copyOf(batches);
    }

    /**
     * The slice of a token set.
     *
     * @param tokens targets wanted; rounded down to whole sequences
     * @param batch B, sequences a batch
     * @param time T, tokens a sequence
     * @throws InputException if that is less than a sequence, or more than the valid part has
     */
    public static Validation of(TokenSet set, long tokens, int batch, int time) {
        if (batch < 1 || time < 1) throw new InputException("batches of " + batch + " sequences of " + time + " tokens: want at least 1 of each");
        if (tokens < time) throw new InputException("validation on " + tokens + " tokens is less than one sequence of " + time
            + "; --validation-tokens " + time + " or shorter sequences would do");
        int[] sequences = shares(set.valid(), tokens, time);
        int[] domains = IntStream.range(0, sequences.length).flatMap(d -> IntStream.generate(() -> d).limit(sequences[d])).toArray();
        int[] starts = IntStream.range(0, sequences.length).flatMap(d -> IntStream.range(0, sequences[d]).map(i -> i * time)).toArray();
        List<Batch> batches = new ArrayList<>();
        long bytes = 0;
        for (int from = 0; from < domains.length; from += batch) {
            int to = Math.min(domains.length, from + batch);
            Batch next = Batch.of(set.valid(), IntStream.range(from, to).map(i -> domains[i]).toArray(),
                    IntStream.range(from, to).map(i -> starts[i]).toArray(), time);
            for (int target : next.targets()) bytes += set.tokenizer().byteLength(target);
            batches.add(next);
        }
        return new Validation(batches, (long) domains.length * time, bytes);
    }

    /**
     * The slice of a token set, or all of the valid part where that has fewer tokens.
     *
     * @throws InputException if there is not one sequence
     */
    public static Validation atMost(long tokens, TokenSet set, int batch, int time) {
        return of(set, Math.max(time, Math.min(tokens, available(set, time))), batch, time);
    }

    /** The most targets that a slice of a token set can have. */
    private static long available(TokenSet set, int time) {
        return LongStream.of(sequences(set.valid(), time)).sum() * time;
    }

    /** The whole sequences in each domain. */
    private static long[] sequences(char[][] streams, int time) {
        return Stream.of(streams).mapToLong(stream -> Math.max(0, (stream.length - 1) / time)).toArray();
    }

    /** Sequences from each domain: its share, rounded down, and what is then left goes to the largest remainders. */
    private static int[] shares(char[][] streams, long tokens, int time) {
        int domains = streams.length;
        long[] available = sequences(streams, time);
        long all = LongStream.of(available).sum();
        long wanted = tokens / time;
        if (wanted > all) {
            throw new InputException("validation on " + tokens + " tokens: the validation text has only " + all * time + " in whole sequences of " + time
                    + (all == 0 ? "; more text would do" : "; --validation-tokens " + all * time + " or more text would do"));
        }
        int[] sequences = new int[domains];
        for (int d = 0; d < domains; d++) sequences[d] = (int) (wanted * available[d] / all);
        long left = wanted - IntStream.of(sequences).sum();
        IntStream.range(0, domains).boxed()
                .sorted(Comparator.comparingLong((Integer d) -> wanted * available[d] % all).reversed())   // stable: the first of equals
                .limit(left)
                .forEach(d -> sequences[d]++);
        return sequences;
    }

    /** Bits per byte of text at a mean loss on this slice in nats per token. */
    public double bitsPerByte(double natsPerToken) {
        return natsPerToken * tokens / (Math.log(2) * bytes);
    }
}
