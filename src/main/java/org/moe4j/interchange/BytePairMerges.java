package org.moe4j.interchange;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;

/** Byte-pair merging by rank (Sennrich et al. 2016): of all neighbours that a rule joins, the earliest rule first, leftmost first. */
final class BytePairMerges {
    private final Map<Long, Rule> rules = new HashMap<>();

    private record Rule(int rank, int joined) {}

    /** Neighbours that a rule joins, as they were when they were noticed. */
    private record Candidate(Rule rule, int at, int left, int right) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            return rule.rank != other.rule.rank ? Integer.compare(rule.rank, other.rule.rank) : Integer.compare(at, other.at);
        }
    }

    /** Adds the rule of the next rank; of two for the same pair the first one counts. */
    void add(int left, int right, int joined) {
        rules.putIfAbsent(pair(left, right), new Rule(rules.size(), joined));
    }

    int size() {
        return rules.size();
    }

    /** The tokens left when no rule applies any more; n log n in the number of tokens. */
    int[] apply(int... tokens) {
        int[] token = tokens.clone();                                             // -1 where it was joined to the one before
        int[] next = new int[token.length];
        int[] previous = new int[token.length];
        PriorityQueue<Candidate> queue = new PriorityQueue<>();
        for (int i = 0; i < token.length; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            notice(queue, token, i, i + 1);
        }
        while (!queue.isEmpty()) {
            Candidate first = queue.poll();
            int at = first.at;
            int right = next[at];
            if (token[at] != first.left || right == token.length || token[right] != first.right) {
                continue;                                                         // one of the two has been joined to another since
            }
            token[at] = first.rule.joined;
            token[right] = -1;
            next[at] = next[right];
            if (next[at] < token.length) {
                previous[next[at]] = at;
            }
            notice(queue, token, previous[at], at);
            notice(queue, token, at, next[at]);
        }
        return Arrays.stream(token).filter(t -> t >= 0).toArray();
    }

    private void notice(PriorityQueue<Candidate> queue, int[] token, int left, int right) {
        if (left >= 0 && right < token.length) {
            Rule rule = rules.get(pair(token[left], token[right]));
            if (rule != null) {
                queue.add(new Candidate(rule, left, token[left], token[right]));
            }
        }
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right;
    }
}
