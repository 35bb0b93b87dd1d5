package org.moe4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class SafetensorsProperties {
    @Property(tries = 50)
    void anyTensorsComeBackBitForBit(@ForAll @IntRange(max = 8) int count, @ForAll long seed) throws IOException {
        Random random = new Random(seed);
        List<TensorData> tensors = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            DType type = DType.values()[random.nextInt(DType.values().length)];
            long[] shape = random.longs(random.nextInt(4), 0, 5).toArray();
            byte[] bytes = new byte[type.bytes() * (int) LongStream.of(shape).reduce(1, (a, b) -> a * b)];
            random.nextBytes(bytes);
            tensors.add(new TensorData("t." + i, type, shape, MemorySegment.ofArray(bytes)));
        }
        Path path = Files.createTempFile("moe4j", ".safetensors");
        try {
            SafetensorsWriter.write(path, tensors, Map.of("seed", Long.toString(seed)));
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                file.verify();
                assertThat(file.names()).hasSize(count);
                assertThat(file.metadata()).containsEntry("seed", Long.toString(seed));
                for (TensorData tensor : tensors) {
                    assertThat(file.dtype(tensor.name())).isEqualTo(tensor.dtype());
                    assertThat(file.shape(tensor.name())).isEqualTo(tensor.shape());
                    assertThat(file.segment(tensor.name()).mismatch(tensor.data())).isEqualTo(-1);
                }
            }
        } finally {
            Files.delete(path);
        }
    }

    /** One flipped bit anywhere: refused on opening, or else by the checksum. */
    @Property(tries = 300)
    void aFlippedBitIsNoticed(@ForAll @IntRange(max = 9999) int at, @ForAll @IntRange(max = 7) int bit) throws IOException {
        Path path = Files.createTempFile("moe4j", ".safetensors");
        try {
            SafetensorsWriter.write(path, List.of(TensorData.of("w", new float[] {1, 2, 3}, 3), TensorData.of("n", new long[] {4}, 1)),
                    Map.of("step", "1200"));
            byte[] bytes = Files.readAllBytes(path);
            bytes[at % bytes.length] ^= (byte) (1 << bit);
            Files.write(path, bytes);
            assertThatThrownBy(() -> {
                try (SafetensorsFile file = SafetensorsFile.open(path)) {
                    file.verify();
                }
            }).isInstanceOf(InputException.class).hasMessageContaining(path.toString());
        } finally {
            Files.delete(path);
        }
    }

    @Property(tries = 100)
    void aCutFileIsRefused(@ForAll @IntRange(max = 9999) int keep) throws IOException {
        Path path = Files.createTempFile("moe4j", ".safetensors");
        try {
            SafetensorsWriter.write(path, List.of(TensorData.of("w", new float[] {1, 2, 3}, 3)), Map.of());
            byte[] bytes = Files.readAllBytes(path);
            Files.write(path, Arrays.copyOf(bytes, keep % bytes.length));
            assertThatThrownBy(() -> SafetensorsFile.open(path)).isInstanceOf(InputException.class).hasMessageContaining("truncated");
        } finally {
            Files.delete(path);
        }
    }
}
