package org.moe4j.io;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/**
 * Writes safetensors: eight bytes of header length, a JSON header padded to a multiple of eight, then the tensors without
 * holes, the widest types first so that each is aligned. The metadata carry a CRC32C of the header and the data, under
 * {@value #CHECKSUM}, which {@link SafetensorsFile#verify()} checks. The file is written atomically, in pieces of a
 * megabyte, in which floating-point values are rounded where another type is wanted: no second copy of the tensors is made.
 */
public final class SafetensorsWriter {
    /** The metadata key of the checksum: eight hexadecimal digits, computed with zeros in their place. */
    public static final String CHECKSUM = "crc32c";

    static final String CHECKSUM_PREFIX = "{\"__metadata__\":{\"" + CHECKSUM + "\":\"";
    static final byte[] NO_CHECKSUM = "00000000".getBytes(StandardCharsets.US_ASCII);
    private static final JsonMapper JSON = new JsonMapper();
    private static final int CHUNK_BYTES = 1 << 20;

    private SafetensorsWriter() { }

    /**
     * Writes the tensors, replacing the file if there is one.
     *
     * @param metadata names and values to keep beside the tensors, in their order
     * @throws InputException if the file cannot be written
     * @throws IllegalArgumentException if two tensors have the same name
     */
    public static void write(Path path, Collection<TensorData> tensors, Map<String, String> metadata) {
        List<TensorData> inPlace = tensors.stream()
                .sorted(Comparator.comparingInt((TensorData t) -> t.dtype().bytes()).reversed())   // stable
                .toList();
        byte[] header = header(inPlace, metadata);
        byte[] chunk = new byte[CHUNK_BYTES];
        AtomicFile.write(path, out -> {
            CRC32C sum = new CRC32C();
            OutputStream summed = new CheckedOutputStream(OutputStream.nullOutputStream(), sum);
            summed.write(header);
            for (TensorData tensor : inPlace) copy(tensor, chunk, summed);
            byte[] digits = String.format("%08x", sum.getValue()).getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(digits, 0, header, CHECKSUM_PREFIX.length(), digits.length);
            out.write(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
            out.write(header);
            for (TensorData tensor : inPlace) copy(tensor, chunk, out);
        });
    }

    private static byte[] header(List<TensorData> tensors, Map<String, String> metadata) {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode texts = root.putObject("__metadata__").put(CHECKSUM, new String(NO_CHECKSUM, StandardCharsets.US_ASCII));
        metadata.forEach((name, text) -> {
            if (!name.equals(CHECKSUM)) texts.put(name, text);
        });
        Set<String> names = new HashSet<>(Set.of("__metadata__"));
        long begin = 0;
        for (TensorData tensor : tensors) {
            if (!names.add(tensor.name())) throw new IllegalArgumentException("two tensors are called '" + tensor.name() + "'");
            ObjectNode entry = root.putObject(tensor.name()).put("dtype", tensor.dtype().name());
            ArrayNode shape = entry.putArray("shape");
            for (long size : tensor.shape()) shape.add(size);
            entry.putArray("data_offsets").add(begin).add(begin + tensor.bytes());
            begin += tensor.bytes();
        }
        byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
        Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }

    private static void copy(TensorData tensor, byte[] chunk, OutputStream out) throws IOException {
        MemorySegment piece = MemorySegment.ofArray(chunk);
        long width = tensor.dtype().bytes();
        for (long at = 0; at < tensor.elements(); at += chunk.length / width) {
            int n = (int) Math.min(chunk.length / width, tensor.elements() - at);
            if (tensor.stored() == tensor.dtype()) {
                MemorySegment.copy(tensor.data(), at * width, piece, 0, n * width);
            } else {
                for (int i = 0; i < n; i++) tensor.dtype().put(piece, i, tensor.stored().doubleAt(tensor.data(), at + i));
            }
            out.write(chunk, 0, (int) (n * width));
        }
    }
}
