package org.moe4j.model.zoo;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.moe4j.io.InputException;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Size;

/**
 * A published architecture: a preset.
 *
 * @param name the model's usual name in lower case with hyphens
 * @param paper who, when, where
 * @param spec as published; {@link ModelSpec#resized} gives one that trains here
 * @param published the counts its authors print
 * @param note what is not as published, or not known; empty if nothing
 */
public record Architecture(String name, String paper, ModelSpec spec, List<Published> published, String note) {
    private static final Map<String, Architecture> ALL = index();

    public Architecture {
        published = List.copyOf(published);
    }

    /** Every architecture, family by family. */
    public static Collection<Architecture> all() {
        return ALL.values();
    }

    /** @throws InputException if there is none of that name, with the nearest one */
    public static Architecture named(String name) {
        Architecture found = ALL.get(name);
        if (found == null) {
            throw InputException.unknown("architecture", name, ALL.keySet());
        }
        return found;
    }

    public ModelSpec resized(Size size) {
        return spec.resized(size);
    }

    private static Map<String, Architecture> index() {
        Map<String, Architecture> all = new LinkedHashMap<>();
        Stream.of(ShazeerModels.all(), GlamModels.all(), OpenModels.all(), PanGuModels.all(), PeerModels.all(), FineGrainedModels.all(),
                SwitchModels.all())
            .flatMap(List::stream).forEach(a -> {
                if (all.put(a.name, a) != null) {
                    throw new IllegalStateException("two architectures are named " + a.name);
                }
            });
        return Collections.unmodifiableMap(all);
    }
}
