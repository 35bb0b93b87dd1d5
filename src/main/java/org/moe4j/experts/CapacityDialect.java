package org.moe4j.experts;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.IntStorage;

/**
 * How public implementations of capacity-limited gating differ. They agree only while nothing is dropped: in the size of the
 * buffers, in who queues behind whom, and in whether gates are normalised before or after choices are dropped.
 */
public enum CapacityDialect {
    /**
     * mesh-tensorflow's GShard as transcribed by lucidrains/mixture-of-experts: each sequence is a group, C = max(int(n cf / E), minimum), later
     * choices queue behind the kept earlier ones, gates are normalised and then dropped.
     */
    MESH(true, true, true),
    /**
     * lucidrains/st-moe-pytorch: as {@link #MESH}, with the sum of the gates bounded below instead of increased, and a balance loss
     * that counts first choices only where they were kept.
     */
    ST_MOE(true, true, true),
    /** Tutel: the batch is one group, C = K int(cf ceil(n / E)), later choices queue behind all earlier ones, normalised and then dropped. */
    TUTEL(false, false, true),
    /** DeepSpeed's top-1 and top-2: one group, C = ceil(K cf n / E), behind all earlier choices, dropped and then normalised. */
    DEEPSPEED(false, false, false),
    /** DeepSpeed's top-k with drop policy "position": the choices of a token queue together, tokens in order. */
    DEEPSPEED_POSITION(false, false, false),
    /** DeepSpeed's top-k with drop policy "probs": each expert keeps the choices with the largest gates. */
    DEEPSPEED_PROBS(false, false, false);

    private static final double MESH_EPSILON = 1e-9;
    private static final double SMALLEST = Math.ulp(1.0);

    private final boolean bySequence;
    private final boolean behindKept;
    private final boolean normaliseFirst;

    CapacityDialect(boolean bySequence, boolean behindKept, boolean normaliseFirst) {
        this.bySequence = bySequence;
        this.behindKept = behindKept;
        this.normaliseFirst = normaliseFirst;
    }

    /** C for a group of {@code tokens}. */
    public int capacity(int tokens, int experts, int k, double factor, int minimum) {
        int capacity = switch (this) {
            case MESH, ST_MOE -> Math.min(tokens, (int) (tokens * factor / experts));
            case TUTEL -> k * (int) (factor * Math.ceilDiv(tokens, experts));
            case DEEPSPEED, DEEPSPEED_POSITION, DEEPSPEED_PROBS -> (int) Math.ceil(tokens / (double) experts * (factor * k));
        };
        return Math.max(capacity, minimum);
    }

    /** The factor that leaves {@code choices} as much room each as {@code factor} leaves k: MESH and ST_MOE share theirs among all choices. */
    double factorFor(int choices, double factor, int k) {
        return this == MESH || this == ST_MOE ? factor * choices / k : factor;
    }

    /** Tokens of a group with buffers of its own. */
    public int groupSize(int batch, int time) {
        return bySequence ? time : batch * time;
    }

    /** Which choices the balance loss counts. */
    public Balance balance() {
        return this == DEEPSPEED_POSITION || this == DEEPSPEED_PROBS ? Balance.MEAN_CHOICE : Balance.FIRST_CHOICE;
    }

    /** Whether the balance loss counts only choices that found a place; others count all, dropped ones too. */
    public boolean countsKept() {
        return this == ST_MOE;
    }

    /**
     * @param chosen (T,K) experts
     * @param wanted (T,K) which choices queue, null if all do
     * @param gates (T,K) probabilities of the choices
     * @param priority (T) as in {@link CapacityQueue#byChoice}
     */
    CapacityQueue queue(int capacity, int experts, int k, int[] chosen, boolean[] wanted, double[] gates, double[] priority, int groupSize) {
        return switch (this) {
            case MESH, ST_MOE, TUTEL, DEEPSPEED ->
                CapacityQueue.byChoice(capacity, experts, k, chosen, wanted, priority, groupSize, behindKept);
            case DEEPSPEED_POSITION -> CapacityQueue.byToken(capacity, experts, chosen, wanted);
            case DEEPSPEED_PROBS -> CapacityQueue.byGate(capacity, experts, chosen, wanted, gates);
        };
    }

    /**
     * The experts of the choices that are kept, -1 for others, without a wait for a device.
     *
     * @param sent (T,K) the experts of the choices that queue, tokens in their order, -1 for others
     * @return null where the queue is not by lists: by gates, or in groups that the tokens don't fill
     */
    IntStorage kept(Tape t, int capacity, int experts, int k, IntStorage sent, int groupSize) {
        return switch (this) {
            case MESH, ST_MOE, TUTEL, DEEPSPEED -> sent.length() / k % groupSize == 0 ? Buffers.byChoice(t, capacity, experts, k, sent, groupSize) : null;
            case DEEPSPEED_POSITION -> Buffers.inOrder(t, capacity, experts, sent);
            case DEEPSPEED_PROBS -> null;
        };
    }

    /** Whether gates are made to sum to 1 before choices are dropped, so that a token that loses one has a sum below 1. */
    boolean normalisesFirst() {
        return normaliseFirst;
    }

    /** gates (T,K) divided by their sum. */
    Variable normalise(Tape t, Variable gates) {
        Variable sum = t.sumKept(gates, -1);
        return t.divide(gates, switch (this) {
            case MESH -> t.addScalar(sum, MESH_EPSILON);
            case ST_MOE -> t.clamp(sum, MESH_EPSILON, Double.MAX_VALUE);
            case TUTEL, DEEPSPEED, DEEPSPEED_POSITION, DEEPSPEED_PROBS -> t.clamp(sum, SMALLEST, Double.MAX_VALUE);
        });
    }
}
