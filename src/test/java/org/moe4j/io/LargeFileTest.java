package org.moe4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.tensor.Storage;

/** A file beyond 2 GB: almost all of it is a hole, so it takes hardly any room on the disk. */
class LargeFileTest {
    private static final long HOLE = (1L << 31) + 4096;
    private static final float[] LAST = {1.5f, -2, 3, 1e-3f, 5, -0f, 7, 8};

    @TempDir
    private Path folder;

    @Test
    void readsATensorBehindTwoGigabytes() throws IOException {
        assumeThat(Files.getFileStore(folder).getUsableSpace()).as("room on the disk, were it no hole").isGreaterThan(HOLE + (1 << 20));
        Path path = folder.resolve("large.safetensors");
        String json = "{\"first\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},\"last\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[%d,%d]}}"
            .formatted(HOLE, HOLE, HOLE, HOLE + 32);
        byte[] header = (json + " ".repeat((8 - json.length() % 8) % 8)).getBytes(StandardCharsets.UTF_8);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
            file.write(header);
            file.seek(8 + header.length + HOLE);
            ByteBuffer values = ByteBuffer.allocate(4 * LAST.length).order(ByteOrder.LITTLE_ENDIAN);
            values.asFloatBuffer().put(LAST);
            file.write(values.array());
        }
        try (SafetensorsFile file = SafetensorsFile.open(path); Backend on = Backends.open("reference", 1)) {
            assertThat(file.floats("last")).containsExactly(LAST);
            assertThat(file.segment("first").byteSize()).isEqualTo(HOLE);
            Storage to = on.allocate(LAST.length);
            file.copyTo("last", to);
            assertThat(to.get(1)).isEqualTo(-2);
            assertThat(to.get(7)).isEqualTo(8);
        }
    }
}
