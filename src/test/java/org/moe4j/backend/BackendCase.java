package org.moe4j.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One method of {@link Backend} under test: a program that draws inputs for the given sizes, calls the method with every
 * combination of its flags, and keeps the results.
 *
 * @param axes how many sizes the program takes
 * @param limit the largest awkward size worth trying on every axis
 * @param large further sizes: beyond a tile, a block, or the size from which work is shared out to threads
 */
record BackendCase(String method, int axes, int limit, List<int[]> large, Body body) {
    private static final int[] AWKWARD = {0, 1, 2, 3, 5, 7, 16, 17, 31, 33, 67, 129, 257, 1031, 4098};

    interface Body {
        void run(Backend on, CaseRun run, int[] sizes);
    }

    /** The cases that every back end passes. */
    static List<BackendCase> all() {
        return Stream.of(StorageCases.all(), ElementwiseCases.all(), MatrixCases.all(), WholeNumberCases.all(), TableCases.all(), ColumnCases.all(), RowCases.all(),
                AttentionCases.all(), AdamCases.all()).flatMap(List::stream).toList();
    }

    /** Those with bfloat16 tables, for the back ends that have them. */
    static List<BackendCase> withHalves() {
        return Stream.of(all(), HalfCases.all()).flatMap(List::stream).toList();
    }

    /** All combinations of awkward sizes up to the limit, and the large ones. */
    List<int[]> sizes() {
        List<int[]> combinations = List.of(new int[0]);
        for (int axis = 0; axis < axes; axis++) {
            List<int[]> longer = new ArrayList<>();
            for (int[] start : combinations) {
                for (int size : AWKWARD) {
                    if (size <= limit) {
                        longer.add(append(start, size));
                    }
                }
            }
            combinations = longer;
        }
        return Stream.concat(combinations.stream(), large.stream()).toList();
    }

    private static int[] append(int[] start, int size) {
        int[] longer = java.util.Arrays.copyOf(start, start.length + 1);
        longer[start.length] = size;
        return longer;
    }
}
