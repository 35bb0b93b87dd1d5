package org.moe4j.sweep;

import java.util.Locale;

import org.moe4j.io.InputException;

/** Whether what is planned fits. */
final class Heap {
    /** What the JVM, the tokens and the reports need beside the trials. */
    private static final long BASE_BYTES = 512L << 20;

    private Heap() {}

    /**
     * @param what the plan's first words, such as "6 trials side by side need"
     * @param planned bytes of weights, gradients, optimizer and activations
     * @param smaller what would do instead of a larger heap
     * @throws InputException with the bytes needed, those there are, and the -Xmx that would do
     */
    static void require(String what, long planned, long heapBytes, String smaller) {
        long needed = BASE_BYTES + planned + planned / 4;       // a quarter for the collector's room
        if (needed > heapBytes) {
            throw new InputException(String.format(Locale.ROOT, "the heap is too small: %s %,d MB (weights, gradients, "
                + "optimizer and activations), the heap is %,d MB; MOE4J_HEAP=%dm (java's -Xmx%dm), %s would do",
                what, needed >> 20, heapBytes >> 20, (needed >> 20) + 1, (needed >> 20) + 1, smaller));
        }
    }
}
