package org.moe4j.backend.reference;

import static org.moe4j.backend.reference.Doubles.add;

import org.moe4j.backend.Binary;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/** Functions of single values, and moves between strided layouts. */
final class Elementwise {
    private Elementwise() {}

    static void unary(Unary f, Storage x, Storage y) {
        for (long i = 0; i < x.size(); i++) {
            y.set(i, f.value(x.get(i)));
        }
    }

    static void unaryGrad(Unary f, Storage x, Storage y, Storage dy, Storage dx) {
        for (long i = 0; i < x.size(); i++) {
            add(dx, i, dy.get(i) * f.derivative(x.get(i), y.get(i)));
        }
    }

    static void binary(Binary f, int[] dims, Strided a, Strided b, Storage y) {
        for (long i = 0; i < size(dims); i++) {
            y.set(i, f.value(a.data().get(position(a, dims, i)), b.data().get(position(b, dims, i))));
        }
    }

    static void binaryGrad(Binary f, int[] dims, Strided a, Strided b, Storage dy, Storage da, Storage db) {
        for (long i = 0; i < size(dims); i++) {
            long atA = position(a, dims, i);
            long atB = position(b, dims, i);
            double valueA = a.data().get(atA);
            double valueB = b.data().get(atB);
            if (da != null) {
                add(da, atA, dy.get(i) * f.derivativeA(valueA, valueB));
            }
            if (db != null) {
                add(db, atB, dy.get(i) * f.derivativeB(valueA, valueB));
            }
        }
    }

    static void move(int[] dims, Strided x, Strided y, boolean add) {
        for (long i = 0; i < size(dims); i++) {
            double value = x.data().get(position(x, dims, i));
            long to = position(y, dims, i);
            y.data().set(to, add ? y.data().get(to) + value : value);
        }
    }

    private static long size(int[] dims) {
        long size = 1;
        for (int d : dims) {
            size *= d;
        }
        return size;
    }

    /** Where element {@code i}, counted row-major over dims, stands in a strided storage. */
    private static long position(Strided s, int[] dims, long i) {
        long position = s.offset();
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            position += i % dims[axis] * s.strides()[axis];
            i /= dims[axis];
        }
        return position;
    }
}
