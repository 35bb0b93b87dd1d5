package org.moe4j.golden;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.tensor.Shape;

/**
 * One reference case: inputs, weights, noise, outputs and gradients as independent code computed them, read into memory.
 *
 * @param name such as {@code engine/lstm_proj}
 * @param family such as {@code engine}
 * @param config what the case was made with
 * @param float64 the tolerance of a float64 computation
 * @param float32 the tolerance of a float32 computation, against the float64 values
 * @param tensors by name
 * @param memory the values of all tensors
 */
public record GoldenCase(String name, String family, JsonNode config, Tolerance float64, Tolerance float32,
                         Map<String, GoldenTensor> tensors, double[] memory) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FORMAT = "golden-v1";

    /**
     * Reads a case.
     *
     * @throws InputException if the file is not a sound safetensors file, or not a case
     */
    public static GoldenCase read(Path file) {
        try (SafetensorsFile in = SafetensorsFile.open(file)) {
            Map<String, String> about = in.metadata();
            String format = about.get("format");
            if (format != null && !format.equals(FORMAT)) {
                throw new InputException(file + " is of format '" + format + "': only " + FORMAT + " is known");
            }
            JsonNode tolerance = json(file, about.getOrDefault("tolerance", "{}"));
            Map<String, GoldenTensor> tensors = new LinkedHashMap<>();
            int size = 0;
            for (String name : in.names()) {
                Shape shape = Shape.of(Arrays.stream(in.shape(name)).mapToInt(Math::toIntExact).toArray());
                GoldenTensor tensor = new GoldenTensor(name, shape, size, !in.dtype(name).isFloat());
                tensors.put(name, tensor);
                size = Math.addExact(size, tensor.size());
            }
            double[] memory = new double[size];
            for (GoldenTensor tensor : tensors.values()) {
                System.arraycopy(in.doubles(tensor.name()), 0, memory, tensor.offset(), tensor.size());
            }
            return new GoldenCase(required(file, about, "case"), required(file, about, "family"), json(file, about.getOrDefault("config", "{}")),
                new Tolerance(tolerance.path("f64_rtol").asDouble(1e-9), tolerance.path("f64_atol").asDouble(1e-11)),
                new Tolerance(tolerance.path("f32_rtol").asDouble(2e-4), tolerance.path("f32_atol").asDouble(2e-5)),
                Collections.unmodifiableMap(tensors), memory);
        }
    }

    /** The name without its family: what the case is an instance of. */
    public String kind() {
        return name.startsWith(family + "/") ? name.substring(family.length() + 1) : name;
    }

    /** The same with its tensors behind another map. */
    GoldenCase withTensors(Map<String, GoldenTensor> others) {
        return new GoldenCase(name, family, config, float64, float32, others, memory);
    }

    public boolean has(String tensor) {
        return tensors.containsKey(tensor);
    }

    /** @throws InputException if the case has no such tensor */
    public GoldenTensor tensor(String tensor) {
        GoldenTensor found = tensors.get(tensor);
        if (found == null) {
            throw new InputException("the case has no tensor '" + tensor + "'");
        }
        return found;
    }

    /** A copy of a tensor's values. */
    public double[] values(String tensor) {
        GoldenTensor t = tensor(tensor);
        return Arrays.copyOfRange(memory, t.offset(), t.offset() + t.size());
    }

    /** A tensor's values as whole numbers. */
    public int[] integers(String tensor) {
        return Arrays.stream(values(tensor)).mapToInt(v -> (int) v).toArray();
    }

    /** A whole number of the configuration. */
    public int integer(String field) {
        JsonNode value = config.path(field);
        if (!value.isIntegralNumber()) {
            throw new InputException("the case's config has no whole number '" + field + "'");
        }
        return value.asInt();
    }

    public int integer(String field, int otherwise) {
        return given(field) ? integer(field) : otherwise;
    }

    public double number(String field, double otherwise) {
        return given(field) ? config.get(field).asDouble() : otherwise;
    }

    public boolean flag(String field, boolean otherwise) {
        return given(field) ? config.get(field).asBoolean() : otherwise;
    }

    public String text(String field, String otherwise) {
        return given(field) ? config.get(field).asText() : otherwise;
    }

    /** Whether the configuration says anything of a field. */
    public boolean given(String field) {
        return config.hasNonNull(field);
    }

    private static String required(Path file, Map<String, String> about, String field) {
        String value = about.get(field);
        if (value == null) {
            throw new InputException(file + " is not a golden case: its metadata has no '" + field + "'");
        }
        return value;
    }

    private static JsonNode json(Path file, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException malformed) {
            throw new InputException(file + " is not a golden case: its metadata holds malformed JSON (" + malformed.getOriginalMessage() + ")", malformed);
        }
    }
}
