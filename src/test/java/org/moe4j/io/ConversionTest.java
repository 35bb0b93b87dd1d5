package org.moe4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.tensor.Storage;

/** Values written in another type than they are held in, over several pieces. */
class ConversionTest {
    private static final int SIZE = 1_200_001;                                     // more than a megabyte in two bytes each

    @TempDir
    private Path folder;

    @Test
    void writesAndReadsEveryFloatingPointTypePieceByPiece() {
        float[] values = new float[SIZE];
        for (int i = 0; i < SIZE; i++) values[i] = (i % 4096 - 2048) * 0.37f;
        Path path = folder.resolve("converted.safetensors");
        TensorData tensor = TensorData.of("x", values, SIZE);
        for (DType type : List.of(DType.F64, DType.F32, DType.F16, DType.BF16)) {
            TensorData as = tensor.as(type);
            assertThat(as.bytes()).isEqualTo((long) SIZE * type.bytes());
            SafetensorsWriter.write(path, List.of(TensorData.of("first", new long[] {7}, 1), as), Map.of());
            try (SafetensorsFile file = SafetensorsFile.open(path); Backend on = Backends.open("reference", 1)) {
                file.verify();
                assertThat(file.dtype("x")).isEqualTo(type);
                Storage read = on.allocate(SIZE);
                file.copyTo("x", read);
                double epsilon = type == DType.BF16 ? 1 / 256.0 : type == DType.F16 ? 1 / 2048.0 : 0;
                for (int i = 0; i < SIZE; i++) {
                    if (Math.abs(read.get(i) - values[i]) > epsilon * Math.abs(values[i])) {
                        assertThat(read.get(i)).as("%s, element %d", type, i).isEqualTo(values[i]);
                    }
                }
            }
        }
    }

    @Test
    void refusesWhatIsNoRounding() {
        TensorData whole = TensorData.of("i", new int[] {1}, 1);
        assertThatThrownBy(() -> whole.as(DType.F16)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("I32 is not written as F16");
    }

    @Test
    void aTensorGoesOnlyIntoAsMuchRoom() {
        Path path = folder.resolve("small.safetensors");
        SafetensorsWriter.write(path, List.of(TensorData.of("x", new float[] {1, 2}, 2)), Map.of());
        try (SafetensorsFile file = SafetensorsFile.open(path); Backend on = Backends.open("reference", 1)) {
            assertThatThrownBy(() -> file.copyTo("x", on.allocate(3))).hasMessageContaining("tensor 'x' of 2 values into 3");
        }
    }
}
