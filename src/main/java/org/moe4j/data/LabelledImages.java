package org.moe4j.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.moe4j.io.InputException;

/**
 * Grey images of one size with a label each, in the IDX format of MNIST.
 *
 * @param rows of an image
 * @param columns of an image
 * @param pixels (N, rows·columns), 0 to 255 as unsigned bytes
 * @param labels (N)
 */
public record LabelledImages(int rows, int columns, byte[][] pixels, int[] labels) {
    private static final int IMAGES = 0x0803; // unsigned bytes, three axes
    private static final int LABELS = 0x0801;

    /**
     * Reads the files {@code *PART-images-idx3-ubyte} and {@code *PART-labels-idx1-ubyte} of a folder, with or without {@code .gz} behind.
     *
     * @param part such as "train"
     * @throws InputException if they are not there, or not what their names say
     */
    public static LabelledImages open(Path folder, String part) {
        Path images = find(folder, part + "-images-idx3-ubyte");
        Path labels = find(folder, part + "-labels-idx1-ubyte");
        try (DataInputStream in = stream(images); DataInputStream names = stream(labels)) {
            int count = count(in, IMAGES, images);
            int rows = in.readInt();
            int columns = in.readInt();
            if (count(names, LABELS, labels) != count) {
                throw new InputException(labels + " has another number of labels than the " + count + " images of " + images);
            }
            byte[][] pixels = new byte[count][];
            int[] label = new int[count];
            for (int i = 0; i < count; i++) {
                pixels[i] = in.readNBytes(rows * columns);
                label[i] = names.readUnsignedByte();
            }
            if (count > 0 && pixels[count - 1].length < rows * columns) {
                throw new InputException(images + " ends before its " + count + " images");
            }
            return new LabelledImages(rows, columns, pixels, label);
        } catch (EOFException cut) {
            throw new InputException("the images or labels of " + folder + " (" + part + ") end too soon", cut);
        } catch (IOException failure) {
            throw InputException.reading(images, failure);
        }
    }

    /**
     * The images cut into squares: (N · rows/side · columns/side) rows of side² values, by rows of squares, of mean 0 and deviation 1 over
     * all images of {@code scale}.
     *
     * @param side divides rows and columns
     */
    public float[][] patches(int side, LabelledImages scale) {
        if (rows % side != 0 || columns % side != 0) {
            throw new InputException("images of " + rows + " x " + columns + " cannot be cut into squares of " + side);
        }
        double[] moments = scale.moments();
        List<float[]> patches = new ArrayList<>();
        for (byte[] image : pixels) {
            for (int top = 0; top < rows; top += side) {
                for (int left = 0; left < columns; left += side) {
                    float[] patch = new float[side * side];
                    for (int i = 0; i < patch.length; i++) {
                        int value = Byte.toUnsignedInt(image[(top + i / side) * columns + left + i % side]);
                        patch[i] = (float) ((value - moments[0]) / moments[1]);
                    }
                    patches.add(patch);
                }
            }
        }
        return patches.toArray(float[][]::new);
    }

    /** Mean and deviation of all pixels. */
    private double[] moments() {
        double sum = 0;
        double squares = 0;
        for (byte[] image : pixels) {
            for (byte pixel : image) {
                int value = Byte.toUnsignedInt(pixel);
                sum += value;
                squares += (double) value * value;
            }
        }
        double n = Math.max(1, (double) pixels.length * rows * columns);
        double mean = sum / n;
        return new double[] {mean, Math.max(1, Math.sqrt(squares / n - mean * mean))};
    }

    private static Path find(Path folder, String ending) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + ending + "{,.gz}")) {
            for (Path file : files) {
                return file;
            }
        } catch (IOException absent) {
            throw InputException.reading(folder, absent);
        }
        throw new InputException(folder + " has no file *" + ending + " or *" + ending + ".gz: want images and labels in MNIST's IDX format");
    }

    private static DataInputStream stream(Path file) throws IOException {
        InputStream in = Files.newInputStream(file);
        return new DataInputStream(new BufferedInputStream(file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in, 1 << 16));
    }

    private static int count(DataInputStream in, int wanted, Path file) throws IOException {
        int magic = in.readInt();
        if (magic != wanted) {
            throw new InputException(file + " begins with " + Integer.toHexString(magic) + ", an IDX file of its name with " + Integer.toHexString(wanted));
        }
        return in.readInt();
    }
}
