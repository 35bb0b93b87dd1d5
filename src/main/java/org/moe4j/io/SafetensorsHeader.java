package org.moe4j.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The JSON header of a safetensors file: what it says, checked against the bytes that follow it. */
record SafetensorsHeader(Map<String, String> metadata, Map<String, Entry> entries) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** One tensor: its bytes are [begin, end) of the data section. */
    record Entry(String name, DType dtype, long[] shape, long begin, long end) { }

    SafetensorsHeader {
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    /**
     * Reads and checks a header.
     *
     * @param dataBytes bytes after the header: the tensors must fill them exactly, without overlap or gap
     * @throws InputException saying what is wrong, without the file's name
     */
    static SafetensorsHeader parse(byte[] json, long dataBytes) {
        JsonNode root = tree(json);
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            if (field.getKey().equals("__metadata__")) {
                metadata.putAll(metadata(field.getValue()));
            } else {
                entries.put(field.getKey(), entry(field.getKey(), field.getValue()));
            }
        }
        checkLayout(entries.values(), dataBytes);
        return new SafetensorsHeader(metadata, entries);
    }

    private static JsonNode tree(byte[] json) {
        try {
            JsonNode root = JSON.readTree(json);
            if (!root.isObject()) throw new InputException("its header is not a JSON object");
            return root;
        } catch (JsonProcessingException broken) {
            String said = InputException.firstLine(broken.getOriginalMessage());
            if (said.startsWith("Duplicate field")) {
                throw new InputException("its header names " + said.split(" for ")[0].substring("Duplicate field ".length()) + " twice", broken);
            }
            throw new InputException("its header is not JSON (" + said + ")", broken);
        } catch (IOException broken) {
            throw new InputException("its header is not UTF-8 text", broken);
        }
    }

    private static Map<String, String> metadata(JsonNode node) {
        if (!node.isObject()) throw new InputException("its __metadata__ is not an object of strings");
        Map<String, String> result = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (!field.getValue().isTextual()) throw new InputException("its metadata '" + field.getKey() + "' is not a string");
            result.put(field.getKey(), field.getValue().textValue());
        }
        return result;
    }

    private static Entry entry(String name, JsonNode node) {
        String tensor = "tensor '" + name + "' ";
        JsonNode dtype = node.path("dtype");
        if (!dtype.isTextual()) throw new InputException(tensor + "has no dtype");
        DType type;
        try {
            type = DType.named(dtype.textValue());
        } catch (InputException unknown) {
            throw new InputException(tensor + "has an " + unknown.getMessage(), unknown);
        }
        long[] shape = wholeNumbers(node.path("shape"), tensor + "has no shape of whole numbers");
        long[] offsets = wholeNumbers(node.path("data_offsets"), tensor + "has no data_offsets [begin, end]");
        if (offsets.length != 2 || offsets[0] > offsets[1]) throw new InputException(tensor + "has no data_offsets [begin, end]");
        long bytes = type.bytes();
        try {
            for (long size : shape) bytes = Math.multiplyExact(bytes, size);
        } catch (ArithmeticException overflow) {
            throw new InputException(tensor + "has a shape too large to exist", overflow);
        }
        if (offsets[1] - offsets[0] != bytes) {
            throw new InputException(tensor + "takes " + bytes + " bytes by its shape but " + (offsets[1] - offsets[0]) + " by its offsets");
        }
        return new Entry(name, type, shape, offsets[0], offsets[1]);
    }

    private static long[] wholeNumbers(JsonNode node, String otherwise) {
        if (!node.isArray()) throw new InputException(otherwise);
        long[] numbers = new long[node.size()];
        for (int i = 0; i < numbers.length; i++) {
            JsonNode number = node.get(i);
            if (!number.isIntegralNumber() || !number.canConvertToLong() || number.longValue() < 0) throw new InputException(otherwise);
            numbers[i] = number.longValue();
        }
        return numbers;
    }

    private static void checkLayout(Iterable<Entry> entries, long dataBytes) {
        List<Entry> byPlace = new ArrayList<>();
        entries.forEach(byPlace::add);
        byPlace.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long end = 0;
        String previous = "the header";
        for (Entry entry : byPlace) {
            if (entry.end() > dataBytes) {
                throw new InputException("it is truncated: tensor '" + entry.name() + "' ends at byte " + entry.end()
                        + " of the data, of which there are " + dataBytes);
            }
            if (entry.begin() < end) throw new InputException("tensor '" + entry.name() + "' overlaps " + previous);
            if (entry.begin() > end) throw new InputException("there is a gap between " + previous + " and tensor '" + entry.name() + "'");
            end = entry.end();
            previous = "tensor '" + entry.name() + "'";
        }
        if (end != dataBytes) throw new InputException((dataBytes - end) + " bytes follow " + previous + " that belong to nothing");
    }
}
