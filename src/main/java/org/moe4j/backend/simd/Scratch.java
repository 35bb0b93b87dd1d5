package org.moe4j.backend.simd;

import org.moe4j.tensor.NormalBlock;

/** Working memory of one thread, grown on demand and kept, so that a kernel in its stride allocates nothing. */
final class Scratch {
    private static final ThreadLocal<Scratch> MINE = ThreadLocal.withInitial(Scratch::new);

    private float[] left = new float[0];
    private float[] right = new float[0];
    private float[] band = new float[0];
    private float[] tile = new float[0];
    private float[] lanes = new float[0];
    private float[] wide = new float[0];
    private int[] places = new int[0];
    private int[] rows = new int[0];
    private final float[][] blocks = new float[7][VectorMath.BLOCK];
    private float[] scores = new float[0];
    private float[] candidates = new float[0];
    private float[] scoreGrads = new float[0];
    private float[] scoreSlopes = new float[0];
    private float[] gradRows = new float[0];
    private float[] queryRows = new float[0];
    private float[] scaled = new float[0];
    private float[] reversed = new float[0];
    private float[] biasGrads = new float[0];
    private float[] queryGrads = new float[0];
    private NormalBlock normals;
    private final PackedRight[] heads = {new PackedRight(), new PackedRight(), new PackedRight(), new PackedRight(), new PackedRight()};

    private Scratch() {}

    static Scratch mine() {
        return MINE.get();
    }

    /** For normal numbers on their way into a storage. */
    NormalBlock normals() {
        return normals == null ? normals = new NormalBlock() : normals;
    }

    /** For packed rows of a product's left operand. */
    float[] left(int size) {
        return left.length < size ? left = new float[size] : left;
    }

    /** For a packed panel of a product's right operand. */
    float[] right(int size) {
        return right.length < size ? right = new float[size] : right;
    }

    /** For rows of a matrix on their way into a panel. */
    float[] band(int size) {
        return band.length < size ? band = new float[size] : band;
    }

    /** What {@link Pack#touch} read: kept where no compiler can prove it idle. */
    float touched;

    /** For the lanes of dot products that are still to be added up. */
    float[] lanes(int size) {
        return lanes.length < size ? lanes = new float[size] : lanes;
    }

    /** For bfloat16 values in float32. */
    float[] wide(int size) {
        return wide.length < size ? wide = new float[size] : wide;
    }

    /** For the numbers of their rows. */
    int[] rows(int size) {
        return rows.length < size ? rows = new int[size] : rows;
    }

    /** For where those of a list are. */
    int[] places(int size) {
        return places.length < size ? places = new int[size] : places;
    }

    /** For a tile of a product that hangs over the edge. */
    float[] tile(int size) {
        return tile.length < size ? tile = new float[size] : tile;
    }

    /** For the scores of a tile: of attention, or of product keys. */
    float[] scores(int size) {
        return scores.length < size ? scores = new float[size] : scores;
    }

    /** For the best product keys of each side, and the best pairs of them. */
    float[] candidates(int size) {
        return candidates.length < size ? candidates = new float[size] : candidates;
    }

    /** For the gradients of those scores. */
    float[] scoreGrads(int size) {
        return scoreGrads.length < size ? scoreGrads = new float[size] : scoreGrads;
    }

    /** For some of those gradients by rows of queries, not of keys. */
    float[] gradRows(int size) {
        return gradRows.length < size ? gradRows = new float[size] : gradRows;
    }

    /** For two values for each query. */
    float[] queryRows(int size) {
        return queryRows.length < size ? queryRows = new float[size] : queryRows;
    }

    /** For a head's queries or keys times the scale of the scores. */
    float[] scaled(int size) {
        return scaled.length < size ? scaled = new float[size] : scaled;
    }

    /** For a head's biases in the order in which a key meets them. */
    float[] reversed(int size) {
        return reversed.length < size ? reversed = new float[size] : reversed;
    }

    /** One of five for the queries, keys and values of an attention's head. */
    PackedRight head(int number) {
        return heads[number];
    }

    /** For the slopes of a soft cap at the scores of one row. */
    float[] scoreSlopes(int size) {
        return scoreSlopes.length < size ? scoreSlopes = new float[size] : scoreSlopes;
    }

    /** For the gradients of an attention's queries, one for each range of keys but the first. */
    float[] queryGrads(int size) {
        return queryGrads.length < size ? queryGrads = new float[size] : queryGrads;
    }

    /** For the gradients of an attention's bias, by range of keys and sequence. */
    float[] biasGrads(int size) {
        return biasGrads.length < size ? biasGrads = new float[size] : biasGrads;
    }

    /**
     * One of seven blocks of {@link VectorMath#BLOCK} values. VectorMath uses 0 and 1, the elementwise functions made of it 2,
     * and who calls those 3 to 6.
     */
    float[] block(int number) {
        return blocks[number];
    }
}
