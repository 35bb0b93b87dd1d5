package org.moe4j.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.moe4j.backend.Backend;
import org.moe4j.io.AtomicFile;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.io.SafetensorsWriter;
import org.moe4j.io.SpecReader;
import org.moe4j.io.TensorData;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;
import org.moe4j.tensor.ValueType;

/**
 * Tensors and facts, kept in a folder as one unit: {@code checkpoint.json} holds the facts and names the safetensors file that
 * belongs to it, with its checksum. Tensors go to the one of two files that is not in use, and only then is the JSON
 * replaced: until that moment, whatever happens, the checkpoint before is whole; after it, its file goes.
 *
 * @param folder made when first written to
 */
public record Checkpoint(Path folder) {
    /** The folder of a training run's checkpoint, in the run's. */
    public static final String OF_RUN = "checkpoint";

    private static final String MANIFEST = "checkpoint.json";
    private static final List<String> FILES = List.of("a.safetensors", "b.safetensors");
    private static final SpecReader READER = new SpecReader();

    /** What the JSON says. */
    private record Manifest(String tensors, String crc32c, Map<String, String> facts) {}

    /** The one in a folder, or in the folder {@code checkpoint} of a training run's. */
    public static Checkpoint in(Path folder) {
        Checkpoint itself = new Checkpoint(folder);
        Checkpoint ofRun = new Checkpoint(folder.resolve(OF_RUN));
        return !itself.exists() && ofRun.exists() ? ofRun : itself;
    }

    /** Whether there is something to read. */
    public boolean exists() {
        return Files.exists(manifest());
    }

    /**
     * Replaces what is there.
     *
     * @param tensors written as they are in memory: float32 or float64, as the back end has them, or bfloat16
     * @throws InputException if a file cannot be written; what was there stays
     */
    public void write(Backend on, Map<String, Tensor> tensors, Map<String, String> facts) {
        String inUse = exists() ? readManifest().tensors() : "";
        String next = FILES.get(inUse.equals(FILES.getFirst()) ? 1 : 0);
        List<TensorData> data = new ArrayList<>();
        tensors.forEach((name, x) -> data.add(new TensorData(name, type(on, x), dims(x.shape()), x.data().segment())));
        Map<String, String> ordered = new TreeMap<>(facts);                          // the same file from the same run
        SafetensorsWriter.write(folder.resolve(next), data, ordered);
        String checksum;
        try (SafetensorsFile written = SafetensorsFile.open(folder.resolve(next))) {
            checksum = written.metadata().get(SafetensorsWriter.CHECKSUM);
        }
        AtomicFile.write(manifest(), READER.toJson(new Manifest(next, checksum, ordered)) + "\n");
        remove(folder.resolve(FILES.get(next.equals(FILES.getFirst()) ? 1 : 0)));
    }

    /**
     * Reads the tensors into those given, which have to be the same by name and shape. All is checked before any is changed.
     *
     * @param wanted facts that have to be those written
     * @return the facts
     * @throws InputException if a file is missing, truncated or corrupted, or the checkpoint is of something else
     */
    public Map<String, String> read(Backend on, Map<String, Tensor> tensors, Map<String, String> wanted) {
        return read(on, tensors, wanted, name -> false);
    }

    /** The same, leaving tensors unread whose names {@code others} accepts. */
    Map<String, String> read(Backend on, Map<String, Tensor> tensors, Map<String, String> wanted, Predicate<String> others) {
        Manifest manifest = readManifest();
        Path path = folder.resolve(manifest.tensors());
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            file.verify();
            Map<String, String> told = new LinkedHashMap<>(manifest.facts());
            told.put(SafetensorsWriter.CHECKSUM, manifest.crc32c());
            if (!told.equals(file.metadata())) {
                throw new InputException(manifest() + " is corrupted: it does not say what " + path + " says");
            }
            tensors.forEach((name, x) -> check(on, file, path, name, x));
            for (String name : file.names()) {
                if (!tensors.containsKey(name) && !others.test(name)) {
                    throw new InputException(path + " has a tensor '" + name + "' " + shape(file, name) + ", which this model has not");
                }
            }
            wanted.forEach((fact, value) -> {
                if (!value.equals(told.get(fact))) {
                    throw new InputException(manifest() + " is of another " + fact + ": " + told.get(fact) + ", wanted " + value);
                }
            });
            tensors.forEach((name, x) -> file.copyTo(name, x.data()));
        }
        return manifest.facts();
    }

    /**
     * What was written beside the tensors.
     *
     * @throws InputException if there is nothing to read
     */
    public Map<String, String> facts() {
        return readManifest().facts();
    }

    /**
     * The file of the tensors.
     *
     * @throws InputException if there is nothing to read
     */
    public Path tensors() {
        return folder.resolve(readManifest().tensors());
    }

    /** Removes what is there, and the folder if nothing else is in it. */
    public void delete() {
        remove(manifest());
        FILES.forEach(file -> remove(folder.resolve(file)));
        String[] others = folder.toFile().list();
        if (others != null && others.length == 0) {
            remove(folder);
        }
    }

    private Path manifest() {
        return folder.resolve(MANIFEST);
    }

    private Manifest readManifest() {
        Manifest manifest = READER.read(manifest(), Manifest.class);
        if (!FILES.contains(manifest.tensors())) {
            throw new InputException(manifest() + " is corrupted: it names the tensors' file '" + manifest.tensors() + "'");
        }
        return manifest;
    }

    private static void check(Backend on, SafetensorsFile file, Path path, String name, Tensor x) {
        Shape shape = x.shape();
        if (!file.has(name)) {
            throw new InputException(path + " has no tensor '" + name + "', of which this model has one of " + shape);
        }
        if (!Arrays.equals(file.shape(name), dims(shape))) {
            throw new InputException(path + ": tensor '" + name + "' is " + shape(file, name) + ", this model wants " + shape);
        }
        if (file.dtype(name) != type(on, x)) {
            throw new InputException(path + ": tensor '" + name + "' is " + file.dtype(name) + ", " + (x.data().type() == ValueType.NATIVE
                ? "the " + on.name() + " back end wants " : "this model keeps it as ") + type(on, x));
        }
    }

    /** What a tensor's values are in memory, and so in the file. */
    static DType type(Backend on, Tensor x) {
        return x.data().type() == ValueType.BFLOAT16 ? DType.BF16 : on.bytesPerValue() == Float.BYTES ? DType.F32 : DType.F64;
    }

    private static long[] dims(Shape shape) {
        return Arrays.stream(shape.dims()).asLongStream().toArray();
    }

    private static Shape shape(SafetensorsFile file, String name) {
        return Shape.of(LongStream.of(file.shape(name)).mapToInt(Math::toIntExact).toArray());
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException failure) {
            throw InputException.writing(file, failure);
        }
    }
}
