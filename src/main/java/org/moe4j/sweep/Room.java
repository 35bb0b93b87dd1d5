package org.moe4j.sweep;

import java.util.Locale;
import java.util.OptionalLong;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.cost.MemoryPlan;
import org.moe4j.io.InputException;
import org.moe4j.model.ModelSpec;
import org.moe4j.train.TrainingSpec;

/** Whether what is planned fits the memory that it is planned for. */
public final class Room {
    /** What the JVM, the tokens and the reports need beside the trials. */
    private static final long BASE_BYTES = 512L << 20;

    private Room() {}

    /**
     * @param what the plan's first words, such as "6 trials side by side need"
     * @param planned bytes of weights, gradients, optimizer and activations
     * @param device whose memory it is, or the heap where it has none of its own
     * @param smaller what would do instead of more memory
     * @throws InputException with the bytes needed and those there are, before anything is allocated
     */
    static void require(String what, long planned, String device, String smaller) {
        try (Backend on = Backends.open(device, 1)) {
            require(what, planned, device, on.freeDeviceBytes(), smaller);
        }
    }

    /**
     * Refuses to train a model of which not even weights, gradients and optimizer state fit; activations, which depend on the length of its
     * sequences, are not counted, and where only parts are trained, only the weights are.
     *
     * @throws InputException with the bytes needed and those there are
     */
    public static void requireTraining(String what, ModelSpec model, TrainingSpec training, Backend on) {
        MemoryPlan plan = MemoryPlan.of(model, 1, training.optimizer()::stateBytes);
        long planned = plan.weights() + (training.trained().isEmpty() ? plan.gradients() + plan.optimizer() : 0);
        require(what + " needs at least", planned, on.name(), on.freeDeviceBytes(), "a smaller model, or fewer of its parts (--trained)");
    }

    private static void require(String what, long planned, String device, OptionalLong free, String smaller) {
        if (free.isPresent()) {
            requireDevice(what, planned, device, free.getAsLong(), smaller);
        } else {
            requireHeap(what, planned, Runtime.getRuntime().maxMemory(), smaller);
        }
    }

    private static void requireDevice(String what, long planned, String device, long freeBytes, String smaller) {
        if (planned > freeBytes) {
            throw new InputException(String.format(Locale.ROOT, "%s has too little memory: %s %,d MB (weights, gradients, "
                + "optimizer and activations), %,d MB are free; %s, or experts in files (stored-mlp) would do",
                device, what, planned >> 20, freeBytes >> 20, smaller));
        }
    }

    /** The message names the -Xmx that would do. */
    static void requireHeap(String what, long planned, long heapBytes, String smaller) {
        long needed = BASE_BYTES + planned + planned / 4;       // a quarter for the collector's room
        if (needed > heapBytes) {
            throw new InputException(String.format(Locale.ROOT, "the heap is too small: %s %,d MB (weights, gradients, "
                + "optimizer and activations), the heap is %,d MB; MOE4J_HEAP=%dm (java's -Xmx%dm), %s would do",
                what, needed >> 20, heapBytes >> 20, (needed >> 20) + 1, (needed >> 20) + 1, smaller));
        }
    }
}
