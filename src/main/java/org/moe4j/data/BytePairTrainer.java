package org.moe4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Learns byte-pair merges (Sennrich, Haddow and Birch 2016, algorithm 1) over bytes: again and again the most frequent pair of
 * neighbours within a piece becomes a token; of equally frequent ones the one with the smaller left, then right token.
 * Pair counts are kept up to date piece by piece, so that a merge costs only the pieces it changes.
 */
final class BytePairTrainer {
    private record Candidate(long count, int pair, int left, int right) { }

    private static final Comparator<Candidate> BEST_FIRST = Comparator.comparingLong(Candidate::count).reversed()
            .thenComparingInt(Candidate::left).thenComparingInt(Candidate::right);

    private static final int ANY = -1;

    private final List<int[]> pieces = new ArrayList<>();   // the tokens of each distinct piece, as merged so far
    private long[] pieceCounts = new long[1 << 10];

    private final PairTable pairs = new PairTable();         // pair -> its number in the lists below
    private final List<int[]> where = new ArrayList<>();     // pieces in which the pair came up; some no longer have it
    private long[] pairCounts = new long[1 << 10];
    private int[] whereSizes = new int[1 << 10];
    private int[] lefts = new int[1 << 10];
    private int[] rights = new int[1 << 10];

    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(BEST_FIRST);

    private BytePairTrainer(Iterable<byte[]> texts) {
        PieceTable table = new PieceTable();
        for (byte[] text : texts) {
            for (int from = 0, to; from < text.length; from = to) {
                to = Pieces.end(text, from);
                int number = table.number(text, from, to);
                if (number == pieceCounts.length) pieceCounts = Arrays.copyOf(pieceCounts, 2 * number);
                pieceCounts[number]++;
            }
        }
        for (int i = 0; i < table.size(); i++) {
            byte[] bytes = table.piece(i);
            int[] tokens = new int[bytes.length];
            for (int j = 0; j < tokens.length; j++) tokens[j] = bytes[j] & 0xFF;
            pieces.add(tokens);
            count(i, pieceCounts[i], ANY);
        }
        for (int pair = 0; pair < pairs.size(); pair++) offer(pair);
    }

    /**
     * The merges in the order learned: merge i joins two tokens into token 256 + i.
     *
     * @param texts UTF-8
     * @param vocabulary tokens wanted, the 256 bytes included; fewer come out where no pair is left that comes twice
     */
    static int[][] train(Iterable<byte[]> texts, int vocabulary) {
        return new BytePairTrainer(texts).merges(vocabulary);
    }

    private int[][] merges(int vocabulary) {
        List<int[]> merges = new ArrayList<>();
        while (merges.size() + 256 < vocabulary && !queue.isEmpty()) {
            Candidate best = queue.poll();
            if (best.count() != pairCounts[best.pair()]) {   // counted before other merges took from it
                offer(best.pair());
                continue;
            }
            int token = 256 + merges.size();
            merges.add(new int[] {best.left(), best.right()});
            int known = pairs.size();
            int[] changed = where.get(best.pair());
            int n = whereSizes[best.pair()];
            where.set(best.pair(), new int[0]);
            for (int i = 0; i < n; i++) merge(changed[i], best.left(), best.right(), token);
            for (int pair = known; pair < pairs.size(); pair++) offer(pair);   // every pair with the new token is new
        }
        return merges.toArray(int[][]::new);
    }

    private void merge(int piece, int left, int right, int token) {
        int[] old = pieces.get(piece);
        int[] merged = new int[old.length];
        int n = 0;
        for (int i = 0; i < old.length; i++) {
            boolean both = old[i] == left && i + 1 < old.length && old[i + 1] == right;
            merged[n++] = both ? token : old[i];
            if (both) i++;
        }
        if (n == old.length) return;
        count(piece, -pieceCounts[piece], token);
        pieces.set(piece, Arrays.copyOf(merged, n));
        count(piece, pieceCounts[piece], token);
    }

    /** Adds {@code times} to the count of each pair of neighbours in a piece, and notes where the pairs with a new token are. */
    private void count(int piece, long times, int token) {
        int[] tokens = pieces.get(piece);
        for (int i = 0; i + 1 < tokens.length; i++) {
            int pair = number(tokens[i], tokens[i + 1]);
            pairCounts[pair] += times;
            if (token == ANY || tokens[i] == token || tokens[i + 1] == token) note(pair, piece);
        }
    }

    private int number(int left, int right) {
        int known = pairs.get(left, right);
        if (known != PairTable.NONE) return known;
        int pair = pairs.size();
        pairs.put(left, right, pair);
        if (pair == pairCounts.length) {
            pairCounts = Arrays.copyOf(pairCounts, 2 * pair);
            whereSizes = Arrays.copyOf(whereSizes, 2 * pair);
            lefts = Arrays.copyOf(lefts, 2 * pair);
            rights = Arrays.copyOf(rights, 2 * pair);
        }
        lefts[pair] = left;
        rights[pair] = right;
        where.add(new int[2]);
        return pair;
    }

    private void note(int pair, int piece) {
        int n = whereSizes[pair];
        int[] list = where.get(pair);
        if (n > 0 && list[n - 1] == piece) return;
        if (n == list.length) where.set(pair, list = Arrays.copyOf(list, 2 * n));
        list[n] = piece;
        whereSizes[pair] = n + 1;
    }

    private void offer(int pair) {
        if (pairCounts[pair] > 1) queue.add(new Candidate(pairCounts[pair], pair, lefts[pair], rights[pair]));
    }
}
