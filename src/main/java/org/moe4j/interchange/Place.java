package org.moe4j.interchange;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.moe4j.autodiff.Parameter;
import org.moe4j.tensor.Storage;

/**
 * Which tensor of a checkpoint is which part of a parameter of ours.
 *
 * @param theirs the tensor's name
 * @param ours the parameter's name
 * @param row the tensor is this row of the parameter along its first axis; -1 if it is all of it
 */
record Place(String theirs, String ours, int row) {
    private static final int WHOLE = -1;

    static Place of(String theirs, String ours) {
        return new Place(theirs, ours, WHOLE);
    }

    /** One tensor for each row: {@code theirs} has an asterisk where the row's number stands. */
    static Stream<Place> rows(String theirs, String ours, int rows) {
        return IntStream.range(0, rows).mapToObj(row -> new Place(theirs.replace("*", Integer.toString(row)), ours, row));
    }

    /** The tensor's shape. */
    long[] shape(Parameter parameter) {
        int[] dims = parameter.shape().dims();
        return Arrays.stream(dims, row == WHOLE ? 0 : 1, dims.length).asLongStream().toArray();
    }

    /** The tensor's values within the parameter's. */
    Storage values(Parameter parameter) {
        if (row == WHOLE) {
            return parameter.data();
        }
        long size = parameter.shape().size() / parameter.shape().dim(0);
        return parameter.data().slice(row * size, size);
    }
}
