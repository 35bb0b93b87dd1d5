package org.moe4j.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import org.moe4j.tensor.Storage;

/**
 * A safetensors file, mapped into memory: opening reads the header only, values are read when asked for, and files beyond
 * 2 GB are as good as any. The header is checked on opening; the values against their checksum by {@link #verify()}.
 */
public final class SafetensorsFile implements AutoCloseable {
    private static final long HEADER_LIMIT = 100_000_000;   // the format's own limit
    private static final int CHUNK = 1 << 16;
    private static final long BUFFER_BYTES = 1L << 30;      // a buffer ends at 2 GB

    private final Path path;
    private final Arena arena;
    private final MemorySegment data;
    private final byte[] json;
    private final SafetensorsHeader header;

    private SafetensorsFile(Path path, Arena arena, MemorySegment data, byte[] json, SafetensorsHeader header) {
        this.path = path;
        this.arena = arena;
        this.data = data;
        this.json = json;
        this.header = header;
    }

    /**
     * Opens a file.
     *
     * @throws InputException if it cannot be read, is truncated, or its header is not sound
     */
    public static SafetensorsFile open(Path path) {
        if (Files.isDirectory(path)) throw new InputException("cannot read " + path + ": it is a folder");
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path)) {
            return parse(path, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (IOException failure) {
            arena.close();
            throw InputException.reading(path, failure);
        } catch (InputException unsound) {
            arena.close();
            throw new InputException(path + " is not a sound safetensors file: " + unsound.getMessage(), unsound);
        }
    }

    private static SafetensorsFile parse(Path path, Arena arena, MemorySegment file) {
        long size = file.byteSize();
        if (size < Long.BYTES) throw new InputException("it is truncated: " + size + " bytes do not hold a header length");
        long length = file.get(DType.LONG, 0);
        if (length < 2 || length > HEADER_LIMIT) {
            throw new InputException("its header length would be " + Long.toUnsignedString(length) + " bytes");
        }
        if (length > size - Long.BYTES) {
            throw new InputException("it is truncated: a header of " + length + " bytes in a file of " + size);
        }
        byte[] json = file.asSlice(Long.BYTES, length).toArray(ValueLayout.JAVA_BYTE);
        MemorySegment data = file.asSlice(Long.BYTES + length);
        return new SafetensorsFile(path, arena, data, json, SafetensorsHeader.parse(json, data.byteSize()));
    }

    /** The tensors' names, in the header's order. */
    public Set<String> names() {
        return header.entries().keySet();
    }

    /** The texts kept beside the tensors. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** Whether there is a tensor of this name. */
    public boolean has(String name) {
        return header.entries().containsKey(name);
    }

    /** The type of a tensor's elements. */
    public DType dtype(String name) {
        return entry(name).dtype();
    }

    /** A tensor's sizes; empty for a scalar. */
    public long[] shape(String name) {
        return entry(name).shape().clone();
    }

    /** A tensor's bytes as they lie in the file, little-endian, not necessarily aligned; valid until {@link #close()}. */
    public MemorySegment segment(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        return data.asSlice(entry.begin(), entry.end() - entry.begin());
    }

    /**
     * A tensor's values, row-major, widened to double.
     *
     * @throws InputException if there is no such tensor, or it has more elements than an array
     */
    public double[] doubles(String name) {
        DType type = dtype(name);
        MemorySegment from = segment(name);
        double[] values = new double[elements(name)];
        for (int i = 0; i < values.length; i++) values[i] = type.doubleAt(from, i);
        return values;
    }

    /**
     * A tensor's values, row-major, as float: exact for F32, F16, BF16 and small integers, rounded otherwise.
     *
     * @throws InputException if there is no such tensor, or it has more elements than an array
     */
    public float[] floats(String name) {
        DType type = dtype(name);
        MemorySegment from = segment(name);
        float[] values = new float[elements(name)];
        if (type == DType.F32) {
            MemorySegment.copy(from, DType.FLOAT, 0, values, 0, values.length);
        } else {
            for (int i = 0; i < values.length; i++) values[i] = (float) type.doubleAt(from, i);
        }
        return values;
    }

    /**
     * Copies a tensor's values, row-major, a piece at a time: no second copy of it is made. Values of 64 bits are rounded where
     * {@code to} holds float32.
     *
     * @throws InputException if there is no such tensor
     * @throws IllegalArgumentException if {@code to} has another size
     */
    public void copyTo(String name, Storage to) {
        DType type = dtype(name);
        MemorySegment from = segment(name);
        if (from.byteSize() / type.bytes() != to.size()) {
            throw new IllegalArgumentException("tensor '" + name + "' of " + from.byteSize() / type.bytes() + " values into " + to.size());
        }
        for (long at = 0; at < to.size(); at += CHUNK) {
            int n = (int) Math.min(CHUNK, to.size() - at);
            if (type.bytes() == Double.BYTES) {
                double[] chunk = new double[n];
                for (int i = 0; i < n; i++) chunk[i] = type.doubleAt(from, at + i);
                to.write(at, chunk);
            } else {
                float[] chunk = new float[n];
                if (type == DType.F32) {
                    MemorySegment.copy(from, DType.FLOAT, at * Float.BYTES, chunk, 0, n);
                } else {
                    for (int i = 0; i < n; i++) chunk[i] = (float) type.doubleAt(from, at + i);
                }
                to.write(at, chunk);
            }
        }
    }

    /**
     * An integer or boolean tensor's values, row-major; U64 values beyond the signed range come out negative.
     *
     * @throws InputException if there is no such tensor, its type is floating point, or it has more elements than an array
     */
    public long[] longs(String name) {
        DType type = dtype(name);
        if (type.isFloat()) throw new InputException(path + ": tensor '" + name + "' is " + type + ", not whole numbers");
        MemorySegment from = segment(name);
        long[] values = new long[elements(name)];
        for (int i = 0; i < values.length; i++) values[i] = type.longAt(from, i);
        return values;
    }

    /**
     * Checks header and data against the checksum that {@link SafetensorsWriter} left.
     *
     * @throws InputException if they differ, or the file carries no checksum
     */
    public void verify() {
        int at = SafetensorsWriter.CHECKSUM_PREFIX.length();
        int digits = SafetensorsWriter.NO_CHECKSUM.length;
        boolean carried = json.length > at + digits
                && new String(json, 0, at, StandardCharsets.UTF_8).equals(SafetensorsWriter.CHECKSUM_PREFIX);
        if (!carried) throw new InputException(path + " carries no checksum: it is corrupted, or another program wrote it");
        String expected = new String(json, at, digits, StandardCharsets.UTF_8);
        byte[] blanked = json.clone();
        System.arraycopy(SafetensorsWriter.NO_CHECKSUM, 0, blanked, at, digits);
        CRC32C sum = new CRC32C();
        sum.update(blanked);
        for (long from = 0; from < data.byteSize(); from += BUFFER_BYTES) {
            sum.update(data.asSlice(from, Math.min(BUFFER_BYTES, data.byteSize() - from)).asByteBuffer());
        }
        String found = String.format("%08x", sum.getValue());
        if (!found.equals(expected)) {
            throw new InputException(path + " is corrupted: its content has the checksum " + found + ", written was " + expected);
        }
    }

    /** Unmaps the file; segments taken from it are dead from here on. */
    @Override
    public void close() {
        arena.close();
    }

    private int elements(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        long count = (entry.end() - entry.begin()) / entry.dtype().bytes();
        if (count > Integer.MAX_VALUE - 8) {
            throw new InputException(path + ": tensor '" + name + "' has " + count + " elements, too many for one array");
        }
        return (int) count;
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = header.entries().get(name);
        if (entry != null) return entry;
        String hint = InputException.nearest(name, names()).map(near -> ": did you mean '" + near + "'?").orElse("");
        throw new InputException(path + " has no tensor '" + name + "'" + hint);
    }
}
