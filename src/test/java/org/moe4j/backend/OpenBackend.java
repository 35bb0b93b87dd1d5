package org.moe4j.backend;

import org.moe4j.tensor.Storage;

/** Opens the back end named on the command line, computes something on it, and prints its name or why it can't be opened. */
public final class OpenBackend {
    private OpenBackend() {}

    /** @param arguments the back end's name, and how many values are filled, 100 by default */
    public static void main(String[] arguments) {
        try (Backend on = Backends.open(arguments[0], 2)) {
            Storage x = on.allocate(arguments.length > 1 ? Long.parseLong(arguments[1]) : 100);
            on.fill(x, 1);
            on.axpy(1, x, x);
            IO.println(x.get(99) == 2 ? "opened " + on.name() : "computes nonsense");
        } catch (IllegalArgumentException refused) {
            IO.println("refused: " + refused.getMessage());
        }
    }
}
