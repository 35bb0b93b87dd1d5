package org.moe4j.interchange;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.moe4j.autodiff.Parameter;
import org.moe4j.data.ByteTokenizer;
import org.moe4j.data.Tokenizer;
import org.moe4j.io.AtomicFile;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsWriter;
import org.moe4j.io.TensorData;
import org.moe4j.model.Transformer;
import org.moe4j.tensor.Storage;

/**
 * Writes a model as a folder that transformers loads: config.json and safetensors. The folder comes into being as a whole: everything is
 * written beside it under a temporary name, which is then changed. A folder with something in it is never touched.
 *
 * @param dtype F32, F16 or BF16, to which the weights are rounded while they are written
 * @param shardBytes the most that the tensors of one file take, unless a single one takes more
 */
public record HuggingFaceExport(DType dtype, long shardBytes) {
    /** As transformers cuts: 5 GB a file. */
    public static final long USUAL_SHARD = 5_000_000_000L;

    /** Writes what goes with the weights into the temporary folder. */
    @FunctionalInterface
    private interface Companions {
        void writeTo(Path folder) throws IOException;
    }

    public HuggingFaceExport {
        if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
            throw new InputException("weights are written as F32, F16 or BF16, not as " + dtype);
        }
        if (shardBytes < 1) {
            throw new InputException("a shard of " + shardBytes + " bytes holds nothing; " + USUAL_SHARD + " is usual");
        }
    }

    /**
     * Refuses a folder that may not be written to, so that a mistake shows before hours of work.
     *
     * @throws InputException if it has something in it, or is a file
     */
    public static void requireFree(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + " is a file; a checkpoint is a folder");
        }
        try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
            if (inside.iterator().hasNext()) {
                throw new InputException(folder + " is there already, with files in it: remove it or name another folder");
            }
        } catch (IOException unreadable) {
            throw InputException.reading(folder, unreadable);
        }
    }

    /**
     * Writes a model with a config.json of its own, and no tokenizer.
     *
     * @param endOfText the token that ends a text; null for none
     * @throws InputException if no known layout has a field for everything in the model's spec, or the folder cannot be written
     */
    public void write(Path folder, Transformer model, Integer endOfText) {
        write(folder, model, endOfText, temporary -> { });
    }

    /**
     * Writes a model that was trained on bytes, as {@link ByteTokenizer} has them, and a tokenizer.json that says so.
     *
     * @throws InputException if it has more or fewer than 256 tokens, no known layout has a field for everything in its spec, or the folder
     *     cannot be written
     */
    public void writeOfBytes(Path folder, Transformer model) {
        int bytes = new ByteTokenizer().vocabularySize();
        if (model.spec().vocabulary() != bytes) {
            throw new InputException("the model's vocabulary is " + model.spec().vocabulary() + " tokens; one trained on bytes has " + bytes);
        }
        write(folder, model, Tokenizer.END_OF_DOCUMENT, temporary -> {
            AtomicFile.write(temporary.resolve("tokenizer.json"), text(ByteAlphabet.tokenizer()));
            AtomicFile.write(temporary.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"PreTrainedTokenizerFast\"}\n");
        });
    }

    private void write(Path folder, Transformer model, Integer endOfText, Companions companions) {
        ModelLayout layout = ModelLayout.fitting(model.spec());
        ObjectNode fields = layout.config(model.spec());
        fields.putNull("bos_token_id").put("eos_token_id", endOfText).putNull("pad_token_id");
        write(folder, model, layout, fields, companions);
    }

    /**
     * Writes a model that came from a checkpoint, with the files of its tokenizer and its config.json; where the model has been changed
     * since, by experts more or fewer for example, its fields are too.
     *
     * @throws InputException if the model's architecture is another one by now, or the folder cannot be written
     */
    public void write(Path folder, Transformer model, HuggingFaceImport origin) {
        ModelLayout layout = ModelLayout.named(origin.modelType());
        ObjectNode fields = origin.config().fields().deepCopy();
        if (!model.spec().equals(origin.spec())) {
            fields.setAll(layout.config(model.spec()));
        }
        write(folder, model, layout, fields, temporary -> {
            for (Path file : origin.companions()) {
                Files.copy(file, temporary.resolve(file.getFileName()));
            }
        });
    }

    private void write(Path folder, Transformer model, ModelLayout layout, ObjectNode config, Companions companions) {
        requireFree(folder);
        config.put(config.has("dtype") ? "dtype" : "torch_dtype", switch (dtype) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        });
        Path target = folder.toAbsolutePath().normalize();
        Path temporary = target.resolveSibling("." + target.getFileName() + "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp");
        try {
            Files.createDirectories(target.getParent());
            Files.createDirectory(temporary);
            try {
                writeWeights(temporary, tensors(model, layout));
                companions.writeTo(temporary);
                AtomicFile.write(temporary.resolve(CheckpointFolder.CONFIG), text(config));
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                removeAll(temporary);
            }
        } catch (IOException failure) {
            throw InputException.writing(folder, failure);
        }
    }

    private List<TensorData> tensors(Transformer model, ModelLayout layout) {
        Map<String, Parameter> parameters = HuggingFaceImport.byName(model);
        return layout.places(model.spec()).stream().map(place -> {
            Parameter parameter = parameters.get(place.ours());
            Storage values = place.values(parameter);
            DType stored = values.segment().byteSize() == values.size() * Float.BYTES ? DType.F32 : DType.F64;
            return new TensorData(place.theirs(), dtype, place.shape(parameter), values.segment(), stored);
        }).toList();
    }

    private void writeWeights(Path folder, List<TensorData> tensors) {
        List<List<TensorData>> shards = shards(tensors);
        Map<String, String> metadata = Map.of("format", "pt");
        if (shards.size() == 1) {
            SafetensorsWriter.write(folder.resolve(CheckpointFolder.WEIGHTS), tensors, metadata);
            return;
        }
        ObjectNode index = JsonFile.JSON.createObjectNode();
        index.putObject("metadata").put("total_size", tensors.stream().mapToLong(TensorData::bytes).sum());
        ObjectNode map = index.putObject("weight_map");
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            SafetensorsWriter.write(folder.resolve(name), shards.get(i), metadata);
            shards.get(i).forEach(tensor -> map.put(tensor.name(), name));
        }
        AtomicFile.write(folder.resolve(CheckpointFolder.INDEX), text(index));
    }

    private List<List<TensorData>> shards(List<TensorData> tensors) {
        List<List<TensorData>> shards = new ArrayList<>();
        long room = 0;
        for (TensorData tensor : tensors) {
            if (shards.isEmpty() || tensor.bytes() > room) {
                shards.add(new ArrayList<>());
                room = shardBytes;
            }
            shards.getLast().add(tensor);
            room -= tensor.bytes();
        }
        return shards;
    }

    private static String text(JsonNode json) {
        try {
            return JsonFile.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
        } catch (JsonProcessingException impossible) {
            throw new AssertionError("a tree is always JSON", impossible);
        }
    }

    private static void removeAll(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
