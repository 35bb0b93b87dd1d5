package org.moe4j.io;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;

/** In what two specs of one kind differ. */
public final class Differences {
    private Differences() {}

    /** The names of the components that differ, but of these. */
    public static <R extends Record> List<String> between(R a, R b, Collection<String> besides) {
        List<String> names = new ArrayList<>();
        for (RecordComponent c : a.getClass().getRecordComponents()) {
            if (!besides.contains(c.getName()) && !Objects.equals(value(c, a), value(c, b))) {
                names.add(c.getName());
            }
        }
        return names;
    }

    private static Object value(RecordComponent component, Record of) {
        try {
            return component.getAccessor().invoke(of);
        } catch (ReflectiveOperationException impossible) {
            throw new AssertionError("accessors of a public record are public", impossible);
        }
    }
}
