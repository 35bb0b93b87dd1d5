package org.moe4j.backend.simd;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;
import static org.moe4j.backend.simd.Lanes.L;
import static org.moe4j.backend.simd.Tiles.PANEL;
import static org.moe4j.backend.simd.Tiles.ROW;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Writes the class of a register tile, one for each shape, as the Java compiler would write
 *
 * <pre>{@code
 * FloatVector c00 = FloatVector.fromArray(F, from, fo), c01 = FloatVector.fromArray(F, from, fo + L), ...   // R rows of W vectors
 * fo += ldf;
 * FloatVector c10 = FloatVector.fromArray(F, from, fo), ...
 * for (int p = 0; p < k; p++) {
 *     FloatVector b0 = FloatVector.fromArray(F, b, bo), b1 = FloatVector.fromArray(F, b, bo + L), ...
 *     FloatVector x0 = FloatVector.broadcast(F, a[ao + p]);
 *     c00 = x0.fma(b0, c00); c01 = x0.fma(b1, c01); ...
 *     FloatVector x1 = FloatVector.broadcast(F, a[ao + p + apart]);
 *     ...
 *     bo += ldb;
 * }
 * c00.intoArray(c, co); ...
 * }</pre>
 *
 * with a constant distance of A's rows, if somebody wrote the R by W accumulators out by hand. They have to be local variables of one method for the JIT compiler to keep them in
 * registers: an array of vectors, a field, a loop over them, or a vector chosen by a branch would put them in memory; and with helper
 * methods in between, a method this long exceeds its budget for inlining, and the calls left over take their vectors through the heap
 * (measured: half the speed at k = 64).
 */
final class TileCode {
    private static final ClassDesc FLOATS = CD_float.arrayType();
    private static final ClassDesc FLOAT_VECTOR = FloatVector.class.describeConstable().orElseThrow();
    private static final ClassDesc VECTOR = Vector.class.describeConstable().orElseThrow();
    private static final ClassDesc SPECIES = VectorSpecies.class.describeConstable().orElseThrow();
    private static final ClassDesc LANES = Lanes.class.describeConstable().orElseThrow();

    private final CodeBuilder code;
    private final int rows;
    private final int across;
    private final int apart;
    private final int[][] sums;

    private TileCode(CodeBuilder code, int rows, int across, int apart) {
        this.code = code;
        this.rows = rows;
        this.across = across;
        this.apart = apart;
        this.sums = new int[rows][across];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < across; j++) sums[i][j] = code.allocateLocal(TypeKind.REFERENCE);
        }
    }

    /** The tile of so many rows by so many vectors for an A packed in rows. */
    static Tiles.Tile tile(int rows, int across) {
        return tile(rows, across, ROW, "");
    }

    /** The tile for an A (m,k) that lies in rows {@code ld} apart. */
    static Tiles.Tile inRows(int rows, int across, int ld) {
        return tile(rows, across, ld, "Rows" + ld);
    }

    private static Tiles.Tile tile(int rows, int across, int apart, String where) {
        return spin(Tiles.Tile.class, rows, across, where,
            MethodTypeDesc.of(CD_void, CD_int, FLOATS, CD_int, FLOATS, CD_int, CD_int, FLOATS, CD_int, CD_int, FLOATS, CD_int, CD_int), code -> {
                TileCode tile = new TileCode(code, rows, across, apart);
                tile.readSums(code.parameterSlot(6), code.parameterSlot(7), code.parameterSlot(8));
                tile.loop((p, j) -> { });
                tile.writeSums(code.parameterSlot(9), code.parameterSlot(10), code.parameterSlot(11));
            });
    }

    /** The tile that also leaves the rows of B packed in {@code panel}. */
    static Tiles.PackingTile packing(int rows, int across) {
        return spin(Tiles.PackingTile.class, rows, across, "",
            MethodTypeDesc.of(CD_void, CD_int, FLOATS, CD_int, FLOATS, CD_int, CD_int, FLOATS, CD_int, FLOATS, CD_int, CD_int, FLOATS, CD_int, CD_int), code -> {
                int panel = code.parameterSlot(6);
                int po = code.parameterSlot(7);
                TileCode tile = new TileCode(code, rows, across, ROW);
                tile.readSums(code.parameterSlot(8), code.parameterSlot(9), code.parameterSlot(10));
                tile.loop((p, j) -> {
                    code.dup().aload(panel).iload(po).iload(p).loadConstant(PANEL).imul().iadd();
                    tile.plus(j * L);
                    code.invokevirtual(FLOAT_VECTOR, "intoArray", MethodTypeDesc.of(CD_void, FLOATS, CD_int));
                });
                tile.writeSums(code.parameterSlot(11), code.parameterSlot(12), code.parameterSlot(13));
            });
    }

    private interface Body {
        void write(CodeBuilder code);
    }

    /** What is done with vector j of row p of B, which is on the stack and stays there. */
    private interface Right {
        void use(int p, int j);
    }

    private static <T> T spin(Class<T> kind, int rows, int across, String where, MethodTypeDesc type, Body body) {
        String name = Tiles.class.getName() + "$" + kind.getSimpleName() + rows + "x" + across + where;
        byte[] bytes = ClassFile.of().build(ClassDesc.of(name), written -> written
            .withFlags(ClassFile.ACC_FINAL)
            .withInterfaceSymbols(kind.describeConstable().orElseThrow())
            .withMethodBody(INIT_NAME, MTD_void, 0, code -> code.aload(0).invokespecial(CD_Object, INIT_NAME, MTD_void).return_())
            .withMethodBody("multiply", type, ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL, body::write));
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            Class<?> tile = lookup.defineClass(bytes);
            return kind.cast(lookup.findConstructor(tile, MethodType.methodType(void.class)).invoke());
        } catch (Throwable impossible) {
            throw new AssertionError(name, impossible);
        }
    }

    private void readSums(int from, int at, int ld) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < across; j++) {
                code.getstatic(LANES, "F", SPECIES).aload(from).iload(at);
                plus(j * L);
                code.invokestatic(FLOAT_VECTOR, "fromArray", MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, FLOATS, CD_int)).astore(sums[i][j]);
            }
            code.iload(at).iload(ld).iadd().istore(at);
        }
    }

    /** Both kinds of tile begin with the parameters k, a, ao, b, bo, ldb. */
    private void loop(Right right) {
        int p = code.allocateLocal(TypeKind.INT);
        Label head = code.newLabel();
        Label end = code.newLabel();
        code.iconst_0().istore(p).labelBinding(head).iload(p).iload(code.parameterSlot(0)).if_icmpge(end);
        multiply(p, right);
        int bo = code.parameterSlot(4);
        code.iload(bo).iload(code.parameterSlot(5)).iadd().istore(bo);
        code.iinc(p, 1).goto_(head).labelBinding(end);
    }

    /** The multiply-adds of one p. */
    private void multiply(int p, Right right) {
        int[] b = new int[across];
        for (int j = 0; j < across; j++) {
            b[j] = code.allocateLocal(TypeKind.REFERENCE);
            code.getstatic(LANES, "F", SPECIES).aload(code.parameterSlot(3)).iload(code.parameterSlot(4));
            plus(j * L);
            code.invokestatic(FLOAT_VECTOR, "fromArray", MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, FLOATS, CD_int));
            right.use(p, j);
            code.astore(b[j]);
        }
        for (int i = 0; i < rows; i++) {
            int left = code.allocateLocal(TypeKind.REFERENCE);
            code.getstatic(LANES, "F", SPECIES).aload(code.parameterSlot(1)).iload(code.parameterSlot(2)).iload(p).iadd();
            plus(i * apart);
            code.faload().invokestatic(FLOAT_VECTOR, "broadcast", MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, CD_float)).astore(left);
            for (int j = 0; j < across; j++) {
                code.aload(left).aload(b[j]).aload(sums[i][j])
                    .invokevirtual(FLOAT_VECTOR, "fma", MethodTypeDesc.of(FLOAT_VECTOR, VECTOR, VECTOR)).astore(sums[i][j]);
            }
        }
    }

    private void writeSums(int to, int at, int ld) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < across; j++) {
                code.aload(sums[i][j]).aload(to).iload(at);
                plus(j * L);
                code.invokevirtual(FLOAT_VECTOR, "intoArray", MethodTypeDesc.of(CD_void, FLOATS, CD_int));
            }
            code.iload(at).iload(ld).iadd().istore(at);
        }
        code.return_();
    }

    private void plus(int constant) {
        if (constant != 0) code.loadConstant(constant).iadd();
    }
}
