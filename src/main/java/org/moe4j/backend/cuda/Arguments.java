package org.moe4j.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

import org.moe4j.tensor.HostInts;

/**
 * The arguments of a launch as words of 64 bits.
 *
 * @param places where each argument begins among the words
 */
record Arguments(int[] places, long[] words) {
    private static final int MOST = 256;
    private static final ThreadLocal<MemorySegment> NATIVE = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(2L * MOST * Long.BYTES, Long.BYTES));

    /** @param scratch has the copies of the host's lists
     *  @param arguments as {@link Device#launch} takes them */
    static Arguments of(Object[] arguments, Scratch scratch) {
        int[] places = new int[arguments.length];
        int count = 0;
        for (int i = 0; i < arguments.length; i++) {
            places[i] = count;
            count += arguments[i] instanceof long[] structure ? structure.length : 1;
        }
        long[] words = new long[count];
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof long[] structure) {
                System.arraycopy(structure, 0, words, places[i], structure.length);
            } else {
                words[places[i]] = word(arguments[i] instanceof HostInts list ? scratch.copyOf(list) : arguments[i]);
            }
        }
        return new Arguments(places, words);
    }

    private static long word(Object argument) {
        return switch (argument) {
            case null -> 0;
            case DeviceStorage x -> x.address();
            case DeviceInts x -> x.address();
            case Integer x -> x;
            case Long x -> x;
            case Float x -> Float.floatToRawIntBits(x);
            case Double x -> Double.doubleToRawLongBits(x);
            case Boolean x -> x ? 1 : 0;
            default -> throw new IllegalArgumentException("a kernel takes no " + argument.getClass());
        };
    }

    /** The addresses of the arguments, in memory that the next call of this thread overwrites. */
    MemorySegment pointers() {
        MemorySegment pointers = NATIVE.get();
        MemorySegment values = pointers.asSlice((long) MOST * Long.BYTES);
        MemorySegment.copy(words, 0, values, ValueLayout.JAVA_LONG, 0, words.length);
        for (int i = 0; i < places.length; i++) {
            pointers.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + (long) places[i] * Long.BYTES);
        }
        return pointers;
    }
}
