package org.moe4j.backend;

/** Opens the back end named on the command line, computes something on it, and prints its name or why it can't be opened. */
final class OpenBackend {
    private OpenBackend() {}

    public static void main(String[] names) {
        try (Backend on = Backends.open(names[0], 2)) {
            on.fill(on.allocate(100), 1);
            IO.println("opened " + on.name());
        } catch (IllegalArgumentException refused) {
            IO.println("refused: " + refused.getMessage());
        }
    }
}
