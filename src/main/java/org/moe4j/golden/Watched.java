package org.moe4j.golden;

import java.util.AbstractMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The tensors of a case, with a note of which were asked for. */
final class Watched extends AbstractMap<String, GoldenTensor> {
    private final Map<String, GoldenTensor> tensors;
    private final Set<String> read = new HashSet<>();

    private Watched(Map<String, GoldenTensor> tensors) {
        this.tensors = tensors;
    }

    static Watched of(GoldenCase c) {
        return new Watched(c.tensors());
    }

    /** The weights and the noise that nothing asked for, in the order of the case. */
    List<String> unread() {
        return tensors.keySet().stream().filter(name -> (name.startsWith("w.") || name.startsWith("noise.")) && !read.contains(name)).toList();
    }

    @Override
    public GoldenTensor get(Object name) {
        read.add((String) name);
        return tensors.get(name);
    }

    @Override
    public boolean containsKey(Object name) {
        return tensors.containsKey(name);
    }

    @Override
    public Set<Entry<String, GoldenTensor>> entrySet() {
        return tensors.entrySet();
    }
}
