package org.moe4j.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** How large a work is: extents and choices by name, written as in {@code m=16 n=1024 k=256}; the peers' programs read the same words. */
public record Size(Map<String, String> values) {
    public static Size of(String words) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String word : words.split(" ")) {
            int equals = word.indexOf('=');
            values.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return new Size(values);
    }

    public int number(String name) {
        return Integer.parseInt(word(name));
    }

    public String word(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no " + name + " in " + this);
        }
        return value;
    }

    /** The same with one value changed. */
    public Size with(String name, Object value) {
        word(name);
        Map<String, String> changed = new LinkedHashMap<>(values);
        changed.put(name, String.valueOf(value));
        return new Size(changed);
    }

    @Override
    public String toString() {
        return values.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining(" "));
    }
}
