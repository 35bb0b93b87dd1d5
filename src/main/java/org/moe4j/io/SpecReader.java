package org.moe4j.io;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.Module;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads specs, which are records, from YAML (of which JSON is a part), and writes them. Strict: an unknown field, a value of
 * the wrong type, a field given twice and a missing field are each refused in one sentence with the file, the line, the
 * field's place, the value and what would do.
 *
 * <p>A component may be left out if the defaults have it, or if its type is boxed ({@code Integer}, {@code Double},
 * {@code Boolean}, ...) or it is annotated {@code @JsonProperty}, and then is null; every other one is required. Whole numbers may be written as 1e15 or 1_000_000.
 * A record's own check (its compact constructor) should throw {@link InputException}; the place is put before its message.
 */
public final class SpecReader {
    private static final String PRESET = "preset";

    private final JsonMapper mapper;
    private final ObjectMapper yaml;

    /** @param modules Jackson modules for parts that records alone don't say, such as the choices of a sealed interface */
    public SpecReader(Module... modules) {
        mapper = JsonMapper.builder()
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
                .defaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
                .annotationIntrospector(new RequiredComponents())
                .addModule(WholeNumber.module())
                .addModules(modules)
                .build();
        yaml = new ObjectMapper(YAMLFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(YAMLParser.Feature.EMPTY_STRING_AS_NULL)   // the builder forgets this default
                .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                .build());
    }

    /** Reads a file in which every field must stand.
     *
     *  @throws InputException for every mistake in it */
    public <T> T read(Path file, Class<T> type) {
        return bind(text(file), file.toString(), type, _ -> Optional.empty());
    }

    /** Reads a file; what it leaves out is taken from {@code defaults}, in nested records too; lists are replaced whole.
     *
     *  @throws InputException for every mistake in it */
    public <T extends Record> T read(Path file, T defaults) {
        return bind(text(file), file.toString(), type(defaults), _ -> Optional.of(defaults));
    }

    /** Reads a file that may name a preset ({@code preset: NAME}) and then gives only what is different; without one every field must stand.
     *
     *  @param presets the preset of a name
     *  @throws InputException for every mistake in it */
    public <T> T read(Path file, Class<T> type, Function<String, T> presets) {
        return bind(text(file), file.toString(), type,
                given -> Optional.ofNullable(given.remove(PRESET)).map(name -> preset(file, name.asText(), presets)));
    }

    private static <T> T preset(Path file, String name, Function<String, T> presets) {
        try {
            return presets.apply(name);
        } catch (InputException unknown) {
            throw new InputException(file + ": " + unknown.getMessage(), unknown);
        }
    }

    /** Reads a text in which every field must stand.
     *
     *  @throws InputException for every mistake in it */
    public <T> T parse(String text, Class<T> type) {
        return bind(text, "spec", type, _ -> Optional.empty());
    }

    /** Reads a text; what it leaves out is taken from {@code defaults}, in nested records too; lists are replaced whole.
     *
     *  @throws InputException for every mistake in it */
    public <T extends Record> T parse(String text, T defaults) {
        return bind(text, "spec", type(defaults), _ -> Optional.of(defaults));
    }

    /** The same for a text that no user has seen as one, such as the options of a command: mistakes are said without a line.
     *
     *  @throws InputException for every mistake in it */
    public <T extends Record> T parseOptions(String text, T defaults) {
        return bind(text, SpecMistake.NOWHERE, type(defaults), _ -> Optional.of(defaults));
    }

    /** The whole spec as YAML, which reads back as an equal record. */
    public String toYaml(Record spec) {
        try {
            return yaml.writeValueAsString(mapper.<JsonNode>valueToTree(spec));
        } catch (JsonProcessingException unwritable) {
            throw new IllegalArgumentException("cannot write a " + spec.getClass().getSimpleName() + " as YAML", unwritable);
        }
    }

    /** The whole spec as JSON on one line, which reads back as an equal record. */
    public String toJson(Record spec) {
        return mapper.valueToTree(spec).toString();
    }

    @SuppressWarnings("unchecked")
    private static <T extends Record> Class<T> type(T defaults) {
        return (Class<T>) defaults.getClass();
    }

    private <T> T bind(String text, String source, Class<T> type, Function<ObjectNode, Optional<T>> defaults) {
        Map<String, Integer> lines = new HashMap<>();
        try {
            JsonNode given = tree(text, lines);
            if (!given.isObject()) throw new InputException(SpecMistake.at(source, "", lines) + "a spec is a list of 'field: value' lines, found none");
            refuseNulls(given, "", source, lines);
            JsonNode whole = defaults.apply((ObjectNode) given).map(d -> merged(mapper.<JsonNode>valueToTree(d), given)).orElse(given);
            return mapper.treeToValue(whole, type);
        } catch (JsonProcessingException mistake) {
            throw SpecMistake.explain(mistake, source, lines);
        }
    }

    /** The text as a tree, and the line of each field by its JSON pointer. */
    private JsonNode tree(String text, Map<String, Integer> lines) throws JsonProcessingException {
        JsonNode tree = yaml.readTree(text);
        try (JsonParser parser = yaml.createParser(text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                lines.putIfAbsent(parser.getParsingContext().pathAsPointer().toString(), parser.currentTokenLocation().getLineNr());
            }
        } catch (JsonProcessingException mistake) {
            throw mistake;
        } catch (IOException impossible) {
            throw new AssertionError("a string is read without files", impossible);
        }
        return tree;
    }

    private static void refuseNulls(JsonNode node, String place, String source, Map<String, Integer> lines) {
        if (node.isNull()) throw new InputException(SpecMistake.at(source, place, lines) + SpecMistake.dotted(place) + " has no value");
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            refuseNulls(field.getValue(), place + "/" + field.getKey(), source, lines);
        }
        if (node.isArray()) for (int i = 0; i < node.size(); i++) refuseNulls(node.get(i), place + "/" + i, source, lines);
    }

    /** {@code over} on top of {@code under}; an object with another "type" replaces the one below it whole. */
    private static JsonNode merged(JsonNode under, JsonNode over) {
        boolean otherType = over.has("type") && !over.get("type").equals(under.get("type"));
        if (!under.isObject() || !over.isObject() || otherType) return over;
        ObjectNode result = under.deepCopy();
        for (Map.Entry<String, JsonNode> field : over.properties()) {
            JsonNode below = under.get(field.getKey());
            result.set(field.getKey(), below == null ? field.getValue() : merged(below, field.getValue()));
        }
        return result;
    }

    private static String text(Path file) {
        if (Files.isDirectory(file)) throw new InputException("cannot read " + file + ": it is a folder");
        try {
            return Files.readString(file);
        } catch (CharacterCodingException notText) {
            throw new InputException("cannot read " + file + ": it is not UTF-8 text", notText);
        } catch (IOException failure) {
            throw InputException.reading(file, failure);
        }
    }
}
