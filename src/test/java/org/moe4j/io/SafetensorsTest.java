package org.moe4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    private Path folder;

    @Test
    void readsBackWhatWasWritten() {
        Path path = folder.resolve("a.safetensors");
        SafetensorsWriter.write(path, List.of(
                TensorData.of("bytes", new byte[] {1, -1, 3}, 3),
                TensorData.of("w", new float[] {1, 2.5f, -3, 4, 5, 6}, 2, 3),
                TensorData.of("scalar", new double[] {Math.PI}),
                TensorData.of("ids", new long[] {Long.MIN_VALUE, 7}, 2, 1),
                TensorData.of("small", new int[] {-5}, 1),
                TensorData.of("empty", new float[0], 0, 4)), Map.of("step", "12", "wörd", "\"quoted\""));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            file.verify();
            assertThat(file.names()).containsExactlyInAnyOrder("bytes", "w", "scalar", "ids", "small", "empty");
            assertThat(file.metadata()).containsEntry("step", "12").containsEntry("wörd", "\"quoted\"").containsKey("crc32c");
            assertThat(file.floats("w")).containsExactly(1, 2.5f, -3, 4, 5, 6);
            assertThat(file.doubles("w")).containsExactly(1, 2.5, -3, 4, 5, 6);
            assertThat(file.shape("w")).containsExactly(2, 3);
            assertThat(file.doubles("scalar")).containsExactly(Math.PI);
            assertThat(file.shape("scalar")).isEmpty();
            assertThat(file.longs("ids")).containsExactly(Long.MIN_VALUE, 7);
            assertThat(file.longs("small")).containsExactly(-5);
            assertThat(file.longs("bytes")).containsExactly(1, 255, 3);
            assertThat(file.dtype("small")).isEqualTo(DType.I32);
            assertThat(file.floats("empty")).isEmpty();
            assertThat(file.segment("w").byteSize()).isEqualTo(24);
        }
    }

    @Test
    void everyTensorIsAligned() throws IOException {
        Path path = folder.resolve("a.safetensors");
        SafetensorsWriter.write(path, List.of(TensorData.of("b", new byte[3], 3), TensorData.of("d", new double[1], 1),
                TensorData.of("f", new float[1], 1)), Map.of());
        long header = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(header % 8).isZero();
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.names()).containsExactly("d", "f", "b");
        }
    }

    /** Bit patterns worked out by hand from the formats' definitions. */
    @ParameterizedTest
    @CsvSource({"F16, 003C, 1", "F16, 00C0, -2", "F16, 0100, 5.960464477539063E-8", "BF16, 803F, 1", "BF16, 20C0, -2.5",
            "I16, FEFF, -2", "U16, FEFF, 65534", "I8, FF, -1", "U8, FF, 255", "BOOL, 01, 1", "U32, FFFFFFFF, 4294967295",
            "I32, FFFFFFFF, -1", "U64, FFFFFFFFFFFFFFFF, 1.8446744073709552E19", "U64, 0000000000000080, 9.223372036854775808E18",
            "F32, 0000803F, 1", "F64, 000000000000F03F, 1"})
    void readsEveryType(String dtype, String hex, double value) throws IOException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        Path path = file("{\"x\":{\"dtype\":\"" + dtype + "\",\"shape\":[],\"data_offsets\":[0," + bytes.length + "]}}", bytes);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.doubles("x")).containsExactly(value);
            assertThat(file.floats("x")).containsExactly((float) value);
            if (!file.dtype("x").isFloat() && value < 1e18) assertThat(file.longs("x")).containsExactly((long) value);
        }
    }

    @Test
    void aMissingTensorIsNamedWithTheNearest() throws IOException {
        Path path = file("{\"weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[4]);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThatThrownBy(() -> file.doubles("wieght")).isInstanceOf(InputException.class)
                    .hasMessage(path + " has no tensor 'wieght': did you mean 'weight'?");
            assertThatThrownBy(() -> file.longs("weight")).isInstanceOf(InputException.class)
                    .hasMessage(path + ": tensor 'weight' is F32, not whole numbers");
            assertThatThrownBy(file::verify).isInstanceOf(InputException.class).hasMessageContaining("carries no checksum");
        }
    }

    @Test
    void whatIsNoFileIsRefused() {
        assertThatThrownBy(() -> SafetensorsFile.open(folder)).isInstanceOf(InputException.class).hasMessageContaining("it is a folder");
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("no"))).isInstanceOf(InputException.class)
                .hasMessageContaining("there is no such file");
    }

    @Test
    void brokenHeadersAreRefusedInOneSentence() throws IOException {
        String good = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        refused("{\"a\":" + good + "}", 3).hasMessageContaining("truncated: tensor 'a' ends at byte 4");
        refused("{\"a\":" + good + "}", 5).hasMessageContaining("1 bytes follow tensor 'a'");
        refused("{\"a\":" + good + ",\"b\":" + good + "}", 4).hasMessageContaining("overlaps tensor");
        refused("{\"a\":" + good.replace("[0,4]", "[4,8]") + "}", 8).hasMessageContaining("gap between the header and tensor 'a'");
        refused("{\"a\":" + good + ",\"a\":" + good + "}", 4).hasMessageContaining("names 'a' twice");
        refused("{\"a\":" + good.replace("[0,4]", "[4,0]") + "}", 4).hasMessageContaining("'a' has no data_offsets");
        refused("{\"a\":" + good.replace("[0,4]", "[-4,0]") + "}", 4).hasMessageContaining("'a' has no data_offsets");
        refused("{\"a\":" + good.replace("[1]", "[2]") + "}", 4).hasMessageContaining("takes 8 bytes by its shape but 4 by its offsets");
        refused("{\"a\":" + good.replace("[1]", "[4294967296,4294967296]") + "}", 4).hasMessageContaining("shape too large");
        refused("{\"a\":" + good.replace("[1]", "[1.5]") + "}", 4).hasMessageContaining("no shape of whole numbers");
        refused("{\"a\":" + good.replace("F32", "F33") + "}", 4).hasMessageContaining("tensor 'a' has an unknown dtype 'F33': did you mean");
        refused("{\"a\":1}", 4).hasMessageContaining("tensor 'a' has no dtype");
        refused("{\"a\":" + good, 4).hasMessageContaining("is not JSON");
        refused("[1]", 4).hasMessageContaining("is not a JSON object");
        refused("{\"__metadata__\":{\"x\":1}}", 0).hasMessageContaining("metadata 'x' is not a string");
        refused("{\"__metadata__\":7}", 0).hasMessageContaining("__metadata__ is not an object");
    }

    @Test
    void absurdHeaderLengthsAreRefused() throws IOException {
        for (long length : new long[] {-1, 0, 100_000_001, Long.MAX_VALUE, 40}) {
            byte[] bytes = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
            Path path = Files.write(folder.resolve("absurd"), bytes);
            assertThatThrownBy(() -> SafetensorsFile.open(path)).isInstanceOf(InputException.class).hasMessageContaining("absurd is not a sound");
        }
        Path few = Files.write(folder.resolve("few"), new byte[5]);
        assertThatThrownBy(() -> SafetensorsFile.open(few)).isInstanceOf(InputException.class).hasMessageContaining("truncated: 5 bytes");
        Path none = Files.write(folder.resolve("none"), new byte[0]);
        assertThatThrownBy(() -> SafetensorsFile.open(none)).isInstanceOf(InputException.class).hasMessageContaining("truncated: 0 bytes");
    }

    @Test
    void aTensorMustFillItsShape() {
        assertThatThrownBy(() -> new TensorData("a", DType.F32, new long[] {2}, MemorySegment.ofArray(new byte[4])))
                .hasMessage("tensor 'a': F32 [2] takes 8 bytes, given 4");
        assertThatThrownBy(() -> SafetensorsWriter.write(folder.resolve("x"),
                List.of(TensorData.of("a", new int[1], 1), TensorData.of("a", new int[1], 1)), Map.of()))
                .hasMessage("two tensors are called 'a'");
        assertThat(folder.resolve("x")).doesNotExist();
    }

    private AbstractThrowableAssert<?, ? extends Throwable> refused(String header, int dataBytes) throws IOException {
        Path path = file(header, new byte[dataBytes]);
        return assertThatThrownBy(() -> SafetensorsFile.open(path)).isInstanceOf(InputException.class)
                .hasMessageStartingWith(path + " is not a sound safetensors file: ").hasMessageNotContaining("\n");
    }

    private Path file(String header, byte[] data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        byte[] all = ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length).put(json).put(data).array();
        return Files.write(folder.resolve("x.safetensors"), all);
    }
}
