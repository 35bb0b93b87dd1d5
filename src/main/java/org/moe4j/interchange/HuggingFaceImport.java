package org.moe4j.interchange;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.dry.DryBackend;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Init;

/**
 * A Hugging Face checkpoint opened for reading: its architecture, what is wrong with its tensors, and the model itself when asked for.
 * Mixtral's and OLMoE's layouts are known; weights may be F32, F16 or BF16, in one file or in shards.
 */
public final class HuggingFaceImport implements AutoCloseable {
    private static final String TOKENIZER = "tokenizer.json";
    /** What belongs to a checkpoint and does not change with its weights. */
    private static final List<String> COMPANIONS = List.of(TOKENIZER, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
        "merges.txt", "tokenizer.model", "generation_config.json");
    /** A buffer that old versions wrote and none reads. */
    private static final String IGNORED = "rotary_emb.inv_freq";
    private static final String EMBEDDING = "model.embed_tokens.weight";
    /** The inner projections of all experts in one tensor, as transformers keeps them in memory since version 5 and on disk if asked to. */
    private static final String PACKED = "mlp.experts.gate_up_proj";

    private final CheckpointFolder folder;
    private final ModelLayout layout;
    private final Transformer.Spec spec;

    private HuggingFaceImport(CheckpointFolder folder) {
        this.folder = folder;
        Config config = folder.config();
        if (!config.has("model_type")) {
            throw new InputException(config.file() + " has no field 'model_type', which says the architecture");
        }
        try {
            this.layout = ModelLayout.named(config.text("model_type", ""));
            this.spec = layout.spec(config);
        } catch (InputException mistake) {
            throw mistake.getMessage().startsWith(config.file().toString()) ? mistake : new InputException(config.file() + ": " + mistake.getMessage(), mistake);
        }
    }

    /**
     * Opens a folder; no weights are read.
     *
     * @throws InputException if it is not a sound checkpoint of a known architecture
     */
    public static HuggingFaceImport open(Path folder) {
        CheckpointFolder opened = CheckpointFolder.open(folder);
        try {
            return new HuggingFaceImport(opened);
        } catch (RuntimeException unsound) {
            opened.close();
            throw unsound;
        }
    }

    public Transformer.Spec spec() {
        return spec;
    }

    /** What config.json says. */
    Config config() {
        return folder.config();
    }

    /** "mixtral" or "olmoe". */
    public String modelType() {
        return layout.modelType();
    }

    /** The token that ends a text, or null. */
    public Integer endOfText() {
        return folder.config().endOfText();
    }

    /** How many files the weights are in. */
    public int files() {
        return folder.shards().size();
    }

    /** How many tensors there are. */
    public int tensors() {
        return folder.names().size();
    }

    /** The elements of all tensors of each type. */
    public Map<DType, Long> elements() {
        return folder.names().stream().collect(Collectors.groupingBy(folder::dtype, TreeMap::new,
            Collectors.summingLong(name -> LongStream.of(folder.shape(name)).reduce(1, (a, b) -> a * b))));
    }

    /** What in config.json has no counterpart here, a sentence each; none of it changes the logits of sequences up to the spec's. */
    public List<String> remarks() {
        Config config = folder.config();
        List<String> remarks = new ArrayList<>();
        int positions = config.positive("max_position_embeddings", spec.sequence());
        if (spec.sequence() < positions) {
            remarks.add("sliding_window is " + spec.sequence() + ", which is not computed: sequences up to that length are exact, longer ones (max_position_embeddings is "
                + positions + ") are not");
        }
        for (String noise : List.of("attention_dropout", "router_jitter_noise")) {
            if (config.number(noise, 0) != 0) {
                remarks.add(noise + " is " + config.number(noise, 0) + ", which fine-tuning here leaves out");
            }
        }
        return remarks;
    }

    /** Every tensor that is missing, surplus, of another shape or not floating point, a sentence each; empty if all is well. */
    public List<String> problems() {
        Map<String, Parameter> parameters = byName(spec.build(new Init(new DryBackend(), 0)));
        List<String> problems = new ArrayList<>();
        Set<String> wanted = new HashSet<>();
        for (Place place : layout.places(spec)) {
            wanted.add(place.theirs());
            long[] shape = place.shape(parameters.get(place.ours()));
            if (!folder.has(place.theirs())) {
                problems.add("it has no tensor '" + place.theirs() + "' " + text(shape));
            } else if (!Arrays.equals(shape, folder.shape(place.theirs()))) {
                problems.add("tensor '" + place.theirs() + "' is " + text(folder.shape(place.theirs())) + ", config.json wants " + text(shape));
            } else if (!folder.dtype(place.theirs()).isFloat()) {
                problems.add("tensor '" + place.theirs() + "' " + text(shape) + " is " + folder.dtype(place.theirs()) + ", want F32, F16 or BF16");
            }
        }
        for (String name : folder.names()) {
            if (name.endsWith(PACKED)) {
                problems.addFirst("its experts are packed, as in '" + name + "' " + text(folder.shape(name)) + "; save_pretrained with save_original_format=True"
                    + " writes a tensor for each");
            } else if (!wanted.contains(name) && !name.endsWith(IGNORED) && !isCopyOfEmbedding(name)) {
                problems.add("it has a tensor '" + name + "' " + text(folder.shape(name)) + ", which a " + modelType() + " of this config.json has not");
            }
        }
        return problems;
    }

    /** The head of a model that shares it with the embedding, which some programs write nevertheless. */
    private boolean isCopyOfEmbedding(String name) {
        return spec.tied() && name.equals("lm_head.weight") && folder.has(EMBEDDING) && folder.same(name, EMBEDDING);
    }

    /**
     * Builds the model and reads its weights, a piece at a time.
     *
     * @throws InputException if a tensor is missing, surplus or of another shape
     */
    public Transformer load(Backend on) {
        List<String> problems = problems();
        if (!problems.isEmpty()) {
            throw new InputException(folder.path() + ": " + problems.getFirst() + (problems.size() == 1 ? "" : "; " + InputException.counted(problems.size() - 1, "more tensor is", "more tensors are") + " wrong"));
        }
        Transformer model = spec.build(new Init(on, 0));
        Map<String, Parameter> parameters = byName(model);
        for (Place place : layout.places(spec)) {
            folder.copyTo(place.theirs(), place.values(parameters.get(place.ours())));
        }
        return model;
    }

    public boolean hasTokenizer() {
        return Files.exists(folder.path().resolve(TOKENIZER));
    }

    /**
     * The tokenizer beside the weights, which ends documents with the config's {@code eos_token_id}.
     *
     * @throws InputException if there is none, it is not byte-level BPE, or it has more tokens than the model
     */
    public ByteLevelTokenizer tokenizer() {
        Path file = folder.path().resolve(TOKENIZER);
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.read(file);
        if (tokenizer.vocabularySize() > spec.vocabulary()) {
            throw new InputException(file + " has tokens up to " + (tokenizer.vocabularySize() - 1) + ", the model's vocab_size is " + spec.vocabulary());
        }
        Integer end = endOfText();
        return end == null ? tokenizer : tokenizer.endingDocumentsWith(end);
    }

    /** The files of the tokenizer and of generating, as far as they are there. */
    List<Path> companions() {
        return COMPANIONS.stream().map(folder.path()::resolve).filter(Files::exists).toList();
    }

    @Override
    public void close() {
        folder.close();
    }

    static Map<String, Parameter> byName(Transformer model) {
        return model.parameters().stream().collect(Collectors.toMap(Parameter::name, Function.identity()));
    }

    private static String text(long[] shape) {
        return LongStream.of(shape).mapToObj(Long::toString).collect(Collectors.joining(",", "(", ")"));
    }
}
