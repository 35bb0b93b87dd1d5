package org.moe4j.autodiff.op;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Unary;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;
import org.moe4j.tensor.ValueType;

/** FLOPs of each operation that has products, counted by hand. */
class CostTest {
    private final Backend on = new DryBackend();
    private final Tape t = new Tape(on, new Arena(on));

    private Variable x(int... dims) {
        return t.filled(Shape.of(dims), 1);
    }

    private static void flops(Op op, long expected) {
        assertThat(op.cost().flops()).as(op.toString()).isEqualTo(expected);
        assertThat(op.cost().bytes()).isPositive();
    }

    @Test
    void products() {
        flops(new Linear(x(7, 2, 3), x(5, 3), x(5)), 2 * 14 * 3 * 5);
        flops(new LinearCrossEntropy(x(7, 2, 3), x(5, 3), x(5), IntStorage.of(new int[14]), true), 2 * 14 * 3 * 5);
        flops(new MatMul(x(3, 7), x(5, 3), true, true), 2 * 7 * 3 * 5);
        flops(new BatchMatMul(x(4, 7, 3), x(4, 5, 3), false, true), 4 * 2 * 7 * 3 * 5);
        flops(new GroupedLinear(x(7, 3), x(4, 5, 3), null, IntStorage.of(0, 7, 7, 7, 7), false), 2 * 7 * 3 * 5);
        flops(new Mlp(x(7, 2, 3), x(5, 3), x(5), null, null, Unary.GELU, x(3, 5), null, null), 2 * 2 * 14 * 3 * 5);
        flops(new Mlp(x(7, 3), x(4, 5, 3), null, null, null, Unary.RELU, x(4, 3, 5), null, IntStorage.of(0, 7, 7, 7, 7)), 2 * 2 * 7 * 3 * 5);
        flops(new Mlp(x(7, 2, 3), x(5, 3), null, x(5, 3), x(5), Unary.SILU, x(3, 5), null, null), 3 * 2 * 14 * 3 * 5);
        // 1 + 2 + 3 + 4 = 10 pairs a head; 2 sequences, 2 heads, width 3; for scores and for values
        flops(new Attention(x(2, 4, 6), x(2, 4, 3), x(2, 4, 3), null, new AttentionShape(2, 4, 2, 1, 3, 1)), 2 * (2 * 2 * 10 * 3) * 2);
        // each of 4 queries sees all 5 keys
        AttentionShape across = new AttentionShape(2, 4, 5, 2, 1, 3, 1, false, 0);
        flops(new Attention(x(2, 4, 6), x(2, 5, 3), x(2, 5, 3), x(2, 8), across), 2 * (2 * 2 * 20 * 3) * 2);
    }

    @Test
    void rowsOfTables() {
        flops(new GatherDot(x(2, 3), x(9, 3), IntStorage.of(new int[10]), 5), 2 * 10 * 3);
        flops(new GatherSum(x(2, 5), x(9, 3), IntStorage.of(new int[10]), 5), 2 * 10 * 3);
        flops(new GatherSum(null, x(9, 3), IntStorage.of(new int[10]), 5), 0);
        flops(new ProductTopK(x(2, 6), x(2, 6), 3, 4, IntStorage.of(new int[8])), 2 * 3 * 3);
        flops(new ProductKeys(x(7, 6), x(6, 3), x(6, 3), 4, IntStorage.of(new int[28])), 2 * (2 * 7 * 6 * 3) + 7 * 4 * 4);
    }

    /** What is left of a read without its other operands is the rows, half of it in half the bytes. */
    @Test
    void rowsOfBfloat16AreHalfTheBytes() {
        IntStorage ids = IntStorage.of(new int[10]);
        Variable half = new Parameter("half", Parameter.Kind.TABLE, new Tensor(Shape.of(9, 3), on.allocate(27, ValueType.BFLOAT16)));
        Variable whole = x(9, 3);
        long row = 10 * 3;
        assertThat(new GatherDot(x(2, 3), half, ids, 5).cost().bytes()).isEqualTo(2 * row + 4 * (2 * 3 + 10));
        assertThat(new GatherDot(x(2, 3), whole, ids, 5).cost().bytes()).isEqualTo(4 * row + 4 * (2 * 3 + 10));
        assertThat(new GatherSum(x(2, 5), half, ids, 5).cost().bytes()).isEqualTo(2 * row + 4 * (2 * 3 + 10));
        assertThat(new GatherSum(x(2, 5), whole, ids, 5).cost().bytes()).isEqualTo(4 * row + 4 * (2 * 3 + 10));
        assertThat(new SingleNeurons(Unary.GELU, x(2, 3), half, half, ids, x(2, 5)).cost().bytes()).isEqualTo(2 * 2 * row + 2 * 4 * (2 * 3 + 10));
        assertThat(new SingleNeurons(Unary.GELU, x(2, 3), whole, whole, ids, x(2, 5)).cost().bytes()).isEqualTo(2 * 4 * row + 2 * 4 * (2 * 3 + 10));
    }

    @Test
    void expertsWithoutRowsAreNotRead() {
        long one = new GroupedLinear(x(7, 3), x(4, 5, 3), null, IntStorage.of(0, 7, 7, 7, 7), false).cost().bytes();
        long two = new GroupedLinear(x(7, 3), x(4, 5, 3), null, IntStorage.of(0, 3, 3, 7, 7), false).cost().bytes();
        assertThat(two - one).isEqualTo(Float.BYTES * 5 * 3);
    }
}
