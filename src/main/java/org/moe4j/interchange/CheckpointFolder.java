package org.moe4j.interchange;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.tensor.Storage;

/**
 * A Hugging Face checkpoint as it lies on the disk: config.json, and the weights in model.safetensors or in shards that
 * model.safetensors.index.json names. Shards are mapped into memory, of whatever size; opening reads and checks their headers.
 */
final class CheckpointFolder implements AutoCloseable {
    static final String CONFIG = "config.json";
    static final String WEIGHTS = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private final Path folder;
    private final Config config;
    private final Map<String, SafetensorsFile> tensors = new LinkedHashMap<>();   // by the tensor's name
    private final List<SafetensorsFile> shards = new ArrayList<>();

    private CheckpointFolder(Path folder) {
        this.folder = folder;
        this.config = Config.read(folder.resolve(CONFIG));
    }

    /**
     * Opens a folder.
     *
     * @throws InputException if a file is missing, truncated or otherwise unsound, or the index does not say what the shards hold
     */
    static CheckpointFolder open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InputException("there is no folder " + folder);
        }
        if (!Files.exists(folder.resolve(CONFIG))) {
            throw new InputException(folder + " is not a Hugging Face checkpoint: it has no " + CONFIG);
        }
        CheckpointFolder opened = new CheckpointFolder(folder);
        try {
            opened.openWeights();
        } catch (RuntimeException unsound) {
            opened.close();
            throw unsound;
        }
        return opened;
    }

    private void openWeights() {
        if (Files.exists(folder.resolve(WEIGHTS))) {
            SafetensorsFile file = openShard(WEIGHTS);
            file.names().forEach(name -> tensors.put(name, file));
        } else if (Files.exists(folder.resolve(INDEX))) {
            openIndexed(folder.resolve(INDEX));
        } else {
            throw new InputException(folder + " has neither " + WEIGHTS + " nor " + INDEX
                + (Stream.of("pytorch_model.bin", "pytorch_model.bin.index.json").map(folder::resolve).anyMatch(Files::exists)
                    ? "; pytorch_model.bin is not read, save the model as safetensors" : ""));
        }
    }

    private void openIndexed(Path index) {
        JsonNode map = JsonFile.read(index).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new InputException(index + " has no weight_map from tensors to shards");
        }
        Map<String, SafetensorsFile> byFile = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String shard = entry.getValue().asText();
            if (!byFile.containsKey(shard)) {
                if (shard.isEmpty() || !Path.of(shard).equals(Path.of(shard).getFileName())) {
                    throw new InputException(index + " places tensor '" + entry.getKey() + "' in '" + shard + "', want the name of a file in the folder");
                }
                if (!Files.exists(folder.resolve(shard))) {
                    throw new InputException(index + " names the shard '" + shard + "', which is not in the folder");
                }
                byFile.put(shard, openShard(shard));
            }
            SafetensorsFile file = byFile.get(shard);
            if (!file.has(entry.getKey())) {
                throw new InputException(index + " places tensor '" + entry.getKey() + "' in " + shard + ", which has none of this name");
            }
            tensors.put(entry.getKey(), file);
        }
        byFile.forEach((shard, file) -> {
            for (String name : file.names()) {
                if (tensors.get(name) != file) {
                    throw new InputException(folder.resolve(shard) + " has a tensor '" + name + "', which " + INDEX
                        + (tensors.containsKey(name) ? " places in another shard" : " does not name"));
                }
            }
        });
    }

    private SafetensorsFile openShard(String name) {
        SafetensorsFile file = SafetensorsFile.open(folder.resolve(name));
        shards.add(file);
        return file;
    }

    Path path() {
        return folder;
    }

    Config config() {
        return config;
    }

    Collection<SafetensorsFile> shards() {
        return Collections.unmodifiableList(shards);
    }

    /** The tensors' names, in the order of the index or the file. */
    Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    boolean has(String tensor) {
        return tensors.containsKey(tensor);
    }

    DType dtype(String tensor) {
        return tensors.get(tensor).dtype(tensor);
    }

    long[] shape(String tensor) {
        return tensors.get(tensor).shape(tensor);
    }

    /** Whether two tensors hold the same values in the same type. */
    boolean same(String one, String other) {
        return dtype(one) == dtype(other) && tensors.get(one).segment(one).mismatch(tensors.get(other).segment(other)) < 0;
    }

    /** Copies a tensor's values, widened or rounded to what {@code to} holds, piece by piece. */
    void copyTo(String tensor, Storage to) {
        tensors.get(tensor).copyTo(tensor, to);
    }

    @Override
    public void close() {
        shards.forEach(SafetensorsFile::close);
    }
}
