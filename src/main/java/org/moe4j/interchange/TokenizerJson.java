package org.moe4j.interchange;

import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

import com.fasterxml.jackson.databind.JsonNode;
import org.moe4j.io.FileHash;
import org.moe4j.io.InputException;

/** Reads a tokenizer.json and refuses by name whatever is not byte-level BPE. */
final class TokenizerJson {
    private final Path file;
    private final JsonNode root;
    private final Map<String, Integer> vocabulary = new HashMap<>();

    private TokenizerJson(Path file) {
        this.file = file;
        this.root = JsonFile.read(file);
    }

    static ByteLevelTokenizer.Parts read(Path file) {
        return new TokenizerJson(file).parts();
    }

    private ByteLevelTokenizer.Parts parts() {
        JsonNode model = root.path("model");
        requireBytePairs(model);
        for (Map.Entry<String, JsonNode> token : model.path("vocab").properties()) {
            vocabulary.put(token.getKey(), tokenNumber(token.getValue(), "vocabulary gives '" + token.getKey() + "' the number"));
        }
        for (int b = 0; b < 256; b++) {
            if (ByteAlphabet.occurs(b) && !vocabulary.containsKey(String.valueOf(ByteAlphabet.character(b)))) {
                throw unsound("its vocabulary has no token '" + ByteAlphabet.character(b) + "' for the byte " + b + ", so it is not a byte-level one");
            }
        }
        BytePairMerges merges = merges(model.path("merges"));
        boolean normalFormC = normalFormC(root.path("normalizer"));
        List<PreTokenizer.Cut> cuts = new ArrayList<>();
        JsonNode steps = root.path("pre_tokenizer");
        if (!steps.path("type").asText("").equals("Sequence")) {
            requireType("pre-tokenizer", steps, "ByteLevel");
        }
        boolean prefixSpace = preTokenizer(steps, cuts);
        requireType("decoder", root.path("decoder"), "ByteLevel");
        Map<String, Integer> added = new HashMap<>();
        Map<String, Integer> before = new HashMap<>();
        Map<String, Integer> after = new HashMap<>();
        BitSet special = new BitSet();
        for (JsonNode token : root.path("added_tokens")) {
            String content = token.path("content").asText();
            int number = tokenNumber(token.path("id"), "added token '" + content + "' has the id");
            refuseOptions(token, content);
            added.put(content, number);
            if (token.path("special").asBoolean()) {
                special.set(number);
            }
            boolean normalized = token.path("normalized").asBoolean();
            (normalized ? after : before).put(normalized && normalFormC ? Normalizer.normalize(content, Normalizer.Form.NFC) : content, number);
        }
        return new ByteLevelTokenizer.Parts(vocabulary, merges, model.path("ignore_merges").asBoolean(), normalFormC, new PreTokenizer(cuts, prefixSpace),
            added, special, new AddedTokens(before), new AddedTokens(after), FileHash.sha256(file));
    }

    private void requireBytePairs(JsonNode model) {
        requireType("model", model, "BPE");
        if (model.path("byte_fallback").asBoolean()) {
            throw unsupported("byte fallback, as in the tokenizers of Llama 2 and Mixtral");
        }
        for (String option : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.path(option).asText("").isEmpty()) {
                throw unsupported("the model's " + option + " '" + model.path(option).asText() + "'");
            }
        }
        if (model.path("dropout").asDouble(0) != 0) {
            throw unsupported("BPE dropout");
        }
        if (!model.path("vocab").isObject() || model.path("vocab").isEmpty()) {
            throw unsound("its model has no vocab of tokens and their numbers");
        }
    }

    private BytePairMerges merges(JsonNode rules) {
        if (!rules.isArray()) {
            throw unsound("its model has no list of merges");
        }
        BytePairMerges merges = new BytePairMerges();
        for (JsonNode rule : rules) {
            String[] pair = rule.isArray() && rule.size() == 2 ? new String[] {rule.get(0).asText(), rule.get(1).asText()} : rule.asText().split(" ", -1);
            if (pair.length != 2) {
                throw unsound("its merge " + rule + " is not a pair of tokens");
            }
            Integer left = vocabulary.get(pair[0]);
            Integer right = vocabulary.get(pair[1]);
            Integer joined = vocabulary.get(pair[0] + pair[1]);
            if (left == null || right == null || joined == null) {
                String missing = left == null ? pair[0] : right == null ? pair[1] : pair[0] + pair[1];
                throw unsound("its merge " + rule + " wants the token '" + missing + "', which its vocabulary has not");
            }
            merges.add(left, right, joined);
        }
        return merges;
    }

    private boolean normalFormC(JsonNode normalizer) {
        String type = normalizer.path("type").asText("none");
        return switch (type) {
            case "none" -> false;
            case "NFC" -> true;
            case "Sequence" -> {
                boolean any = false;
                for (JsonNode step : normalizer.path("normalizers")) {
                    any |= normalFormC(step);
                }
                yield any;
            }
            default -> throw unsupported("the normalizer " + type);
        };
    }

    /** Adds the cuts that it makes; true if it puts a space before a text. */
    private boolean preTokenizer(JsonNode step, List<PreTokenizer.Cut> cuts) {
        String type = step.path("type").asText("none");
        switch (type) {
            case "ByteLevel" -> {
                if (step.path("use_regex").asBoolean(true)) {
                    cuts.add(PreTokenizer.Cut.of(PreTokenizer.GPT2));
                }
                return step.path("add_prefix_space").asBoolean(true);
            }
            case "Digits" -> cuts.add(PreTokenizer.Cut.of(step.path("individual_digits").asBoolean() ? "\\p{N}" : "\\p{N}+"));
            case "Split" -> cuts.add(split(step));
            case "Sequence" -> {
                boolean space = false;
                for (JsonNode each : step.path("pretokenizers")) {
                    space |= preTokenizer(each, cuts);
                }
                requireType("last pre-tokenizer", step.path("pretokenizers").path(step.path("pretokenizers").size() - 1), "ByteLevel");
                if (space && step.path("pretokenizers").size() > 1) {
                    throw unsupported("a space put before each piece of a sequence of pre-tokenizers");
                }
                return space;
            }
            default -> throw unsupported("the pre-tokenizer " + type);
        }
        return false;
    }

    /** Isolated keeps what lies between two matches; Removed drops the matches, or inverted what lies between. */
    private PreTokenizer.Cut split(JsonNode step) {
        String behaviour = step.path("behavior").asText();
        boolean inverted = step.path("invert").asBoolean();
        boolean drops = behaviour.equals("Removed");
        if (!behaviour.equals("Isolated") && !drops || drops != inverted) {
            throw unsupported("the pre-tokenizer Split with the behavior " + behaviour + (inverted ? ", inverted" : ""));
        }
        JsonNode pattern = step.path("pattern");
        String regex = pattern.has("String") ? Pattern.quote(pattern.path("String").asText()) : pattern.path("Regex").asText();
        try {
            return new PreTokenizer.Cut(PreTokenizer.Cut.of(regex).pattern(), drops);
        } catch (PatternSyntaxException other) {
            throw unsupported("the pre-tokenizer Split with the pattern " + regex);
        }
    }

    private void refuseOptions(JsonNode token, String content) {
        for (String option : List.of("single_word", "lstrip", "rstrip")) {
            if (token.path(option).asBoolean()) {
                throw unsupported("the option " + option + " of the added token '" + content + "'");
            }
        }
        if (content.isEmpty()) {
            throw unsound("an added token has no content");
        }
    }

    private void requireType(String part, JsonNode node, String wanted) {
        String type = node.path("type").asText("");
        if (!type.equals(wanted)) {
            throw type.isEmpty() && node.isMissingNode() ? unsound("it has no " + part) : unsupported("the " + part + " " + (type.isEmpty() ? "none" : type));
        }
    }

    private int tokenNumber(JsonNode number, String what) {
        if (!number.canConvertToInt() || !number.isIntegralNumber() || number.intValue() < 0) {
            throw unsound("its " + what + " " + number + ", want a whole number from 0 up");
        }
        return number.intValue();
    }

    private InputException unsupported(String what) {
        return new InputException(file + " wants " + what + ", which is not supported: only byte-level BPE is, as GPT-2, GPT-NeoX and OLMoE use it");
    }

    private InputException unsound(String what) {
        return new InputException(file + " is not a sound tokenizer.json: " + what);
    }
}
