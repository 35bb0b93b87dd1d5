package org.moe4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Tensor;

class CheckpointTest {
    private final Backend on = new ReferenceBackend();
    @TempDir
    private Path folder;

    private Map<String, Tensor> tensors(Backend on, double first) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Shape shape : List.of(Shape.of(3, 2), Shape.of(5), Shape.SCALAR, Shape.of(0, 4))) {
            Tensor x = new Tensor(shape, on.allocate(shape.size()));
            for (long i = 0; i < shape.size(); i++) {
                x.data().set(i, first + i / 3.0);
            }
            tensors.put("x" + shape.rank() + "." + shape.size(), x);
        }
        return tensors;
    }

    private double firstOf(Checkpoint checkpoint) {
        Map<String, Tensor> read = tensors(on, -1);
        checkpoint.read(on, read, Map.of());
        return read.get("x1.5").get(0);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "simd"})
    void givesBackWhatWasWritten(String device) throws IOException {
        try (Backend backend = Backends.open(device, 1)) {
            Checkpoint checkpoint = new Checkpoint(folder);
            assertThat(checkpoint.exists()).isFalse();
            checkpoint.write(backend, tensors(backend, 0.1), Map.of("step", "7"));
            Map<String, Tensor> read = tensors(backend, 9);
            assertThat(checkpoint.read(backend, read, Map.of("step", "7"))).isEqualTo(Map.of("step", "7"));
            tensors(backend, 0.1).forEach((name, x) -> assertThat(read.get(name).toDoubles()).isEqualTo(x.toDoubles()));
            try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(files().getFirst()))) {
                assertThat(file.dtype("x1.5")).isEqualTo(device.equals("simd") ? DType.F32 : DType.F64);
            }
            Files.createFile(folder.resolve("another's"));
            checkpoint.delete();
            assertThat(files()).containsExactly("another's");
            Files.delete(folder.resolve("another's"));
            checkpoint.delete();
            assertThat(folder).as("nothing is left in it").doesNotExist();
        }
    }

    /** Facts may come in any order: that of Map.of differs from one JVM to the next. */
    @Test
    void theSameRunWritesTheSameBytes() throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        for (String fact : List.of("step", "model", "training", "batch", "tokens")) {
            facts.put(fact, "1");
        }
        Checkpoint one = new Checkpoint(folder.resolve("one"));
        Checkpoint other = new Checkpoint(folder.resolve("other"));
        one.write(on, tensors(on, 0.1), facts);
        other.write(on, tensors(on, 0.1), ((LinkedHashMap<String, String>) facts).reversed());
        assertThat(other.tensors()).hasSameBinaryContentAs(one.tensors());
    }

    @Test
    void writesSlicesOfStorages() {
        Storage whole = on.allocate(10);
        whole.write(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.write(on, Map.of("middle", new Tensor(Shape.of(3), whole.slice(4, 3))), Map.of());
        Tensor read = new Tensor(Shape.of(3), on.allocate(3));
        checkpoint.read(on, Map.of("middle", read), Map.of());
        assertThat(read.toDoubles()).containsExactly(4, 5, 6);
    }

    @Test
    void theNextTakesThePlaceOfTheOneBefore() throws IOException {
        Checkpoint checkpoint = new Checkpoint(folder);
        for (int i = 1; i <= 4; i++) {
            checkpoint.write(on, tensors(on, i), Map.of());
            assertThat(firstOf(checkpoint)).isEqualTo(i);
            assertThat(files()).hasSize(2).contains("checkpoint.json");
        }
    }

    /** A disk that fills up, or a process that dies, between any two bytes. */
    @Test
    void theOneBeforeIsWholeWhileTheNextIsWritten() {
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.write(on, tensors(on, 1), Map.of());
        Map<String, Tensor> failing = tensors(on, 2);
        failing.put("last", new Tensor(Shape.of(1), new Unreadable()));
        assertThatThrownBy(() -> checkpoint.write(on, failing, Map.of())).hasMessage("no more");
        assertThat(firstOf(checkpoint)).isEqualTo(1);

        // Both tensor files are there, but the JSON still names the first: as if killed before the last rename.
        Path other = folder.resolve(Files.exists(folder.resolve("a.safetensors")) ? "b.safetensors" : "a.safetensors");
        new Checkpoint(folder.resolve("elsewhere")).write(on, tensors(on, 3), Map.of());
        copy(folder.resolve("elsewhere/a.safetensors"), other);
        assertThat(firstOf(checkpoint)).isEqualTo(1);
        checkpoint.write(on, tensors(on, 4), Map.of());
        assertThat(firstOf(checkpoint)).isEqualTo(4);
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to);
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private record Unreadable() implements Storage {
        @Override
        public long size() {
            return 1;
        }

        @Override
        public Storage slice(long offset, long size) {
            return this;
        }

        @Override
        public double get(long index) {
            throw new IllegalStateException("no more");
        }

        @Override
        public void set(long index, double value) { }

        @Override
        public MemorySegment segment() {
            throw new IllegalStateException("no more");
        }
    }

    @Test
    void namesAFileThatCannotBeWritten() throws IOException {
        Path file = Files.createFile(folder.resolve("occupied"));
        assertThatThrownBy(() -> new Checkpoint(file.resolve("checkpoint")).write(on, tensors(on, 1), Map.of()))
            .isInstanceOf(InputException.class).hasMessageStartingWith("cannot write " + file.resolve("checkpoint/a.safetensors") + ": ");
    }

    @Test
    void anyChangedByteIsFound() throws IOException {
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.write(on, tensors(on, 1), Map.of("step", "7"));
        for (String name : files()) {
            byte[] sound = Files.readAllBytes(folder.resolve(name));
            for (int at = 0; at < sound.length; at += name.endsWith("json") ? 1 : 3) {
                byte[] changed = sound.clone();
                changed[at] ^= 1;
                Files.write(folder.resolve(name), changed);
                assertThatThrownBy(() -> firstOf(checkpoint)).as("byte %d of %s", at, name).isInstanceOf(InputException.class)
                    .hasMessageContaining(folder.toString());
            }
            Files.write(folder.resolve(name), sound);
        }
        assertThat(firstOf(checkpoint)).isEqualTo(1);
    }

    @Test
    void truncationAndLossAreFound() throws IOException {
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.write(on, tensors(on, 1), Map.of("step", "7"));
        Path tensors = folder.resolve(files().getFirst());
        for (long length : List.of(Files.size(tensors) - 1, Files.size(tensors) / 2, 8L, 0L)) {
            try (RandomAccessFile file = new RandomAccessFile(tensors.toFile(), "rw")) {
                file.setLength(length);
            }
            assertThatThrownBy(() -> firstOf(checkpoint)).isInstanceOf(InputException.class).hasMessageContaining(tensors.toString());
        }
        Files.delete(tensors);
        assertThatThrownBy(() -> firstOf(checkpoint)).isInstanceOf(InputException.class)
            .hasMessage("cannot read " + tensors + ": there is no such file or folder");
        Files.writeString(folder.resolve("checkpoint.json"), "{\"tensors\": \"a.safe");
        assertThatThrownBy(() -> firstOf(checkpoint)).isInstanceOf(InputException.class).hasMessageContaining("checkpoint.json");
    }

    @Test
    void refusesWhatIsOfSomethingElse() {
        Checkpoint checkpoint = new Checkpoint(folder);
        checkpoint.write(on, tensors(on, 1), Map.of("model", "small"));
        Map<String, Tensor> other = tensors(on, 5);
        other.put("x1.5", new Tensor(Shape.of(6), on.allocate(6)));
        assertThatThrownBy(() -> checkpoint.read(on, other, Map.of())).hasMessage(folder.resolve("a.safetensors")
            + ": tensor 'x1.5' is (5), this model wants (6)");
        assertThat(other.get("x2.6").get(0, 0)).as("nothing is changed").isEqualTo(5);
        other.remove("x1.5");
        assertThatThrownBy(() -> checkpoint.read(on, other, Map.of())).hasMessage(folder.resolve("a.safetensors")
            + " has a tensor 'x1.5' (5), which this model has not");
        assertThatThrownBy(() -> checkpoint.read(on, tensors(on, 1), Map.of("model", "large")))
            .hasMessage(folder.resolve("checkpoint.json") + " is of another model: small, wanted large");
    }
}
