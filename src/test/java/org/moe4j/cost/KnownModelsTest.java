package org.moe4j.cost;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.model.Part;
import org.moe4j.model.zoo.Architecture;

/** Counts of the named architectures, worked out from the papers' dimensions by hand and to be met to the last digit. */
class KnownModelsTest {
    /** Total, active with all embeddings; active without them in units of a million. */
    @ParameterizedTest
    @CsvSource({
        "mixtral-8x7b,         46702792704,  12879925248, 12618",
        "mixtral-8x22b,       140620634112,  39152031744, 38759",
        "mixtral-8x22b-v0.3,  140630071296,  39161468928, 38759",
        "dbrx,                131596523520,  36469708800, 35237",
        "grok-1,              315684820992,  83756587008, 82951",
        "olmoe-1b-7b,           6919161856,   1282017280,  1076",
        "deepseek-moe-16b,     16375728128,   2828650496,  2409",
        "qwen1.5-moe-a2.7b,    14315784192,   2689173504,  2067",
    })
    void openModels(String name, long total, long active, long millionsWithoutEmbeddings) {
        Ledger ledger = Ledger.of(Architecture.named(name).spec());
        assertThat(ledger.parameters()).isEqualTo(total);
        assertThat(ledger.activeParameters()).isEqualTo(active);
        assertThat(Math.round(ledger.without(Part.Kind.EMBEDDINGS).activeParameters() / 1e6)).isEqualTo(millionsWithoutEmbeddings);
    }

    /** Without norms and position biases, as the paper counts. */
    @ParameterizedTest
    @CsvSource({
        "glam-0.1b,               137822208,    137822208",
        "glam-0.1b-16e,           548413440,    152051712",
        "glam-0.1b-32e,          1001472000,    152125440",
        "glam-0.1b-64e,          1907589120,    152272896",
        "glam-0.1b-128e,         3719823360,    152567808",
        "glam-1.7b,              1676148736,   1676148736",
        "glam-1.7b-32e,         13957857280,   1878261760",
        "glam-1.7b-64e,         26843545600,   1879048192",
        "glam-1.7b-128e,        52614922240,   1880621056",
        "glam-1.7b-256e,       104157675520,   1883766784",
        "glam-8b,                8721006592,   8721006592",
        "glam-8b-64e,          142942928896,   9798942720",
        "glam-137b,            137701097472, 137701097472",
        "glam-64b-64e,        1159920091136,  94768201728",
        "glam-64b-64e-256k,   1161755099136,  96603209728",
        "expert-choice-0.1b-64e, 1907589120,    152272896",
        "expert-choice-8b-64e, 142942928896,   9798942720",
    })
    void glam(String name, long total, long active) {
        Ledger counted = Ledger.of(Architecture.named(name).spec()).without(Set.of(Part.Kind.NORM, Part.Kind.POSITION));
        assertThat(counted.parameters()).isEqualTo(total);
        assertThat(counted.activeParameters()).isEqualTo(active);
    }

    /** Without norms and position biases. */
    @ParameterizedTest
    @CsvSource({
        "switch-base,        7415169024,   224034816",
        "switch-large,      27120762880,   753270784",
        "switch-xxl,       201263153152, 11009523712",
        "switch-xxl-128e,  394542972928, 11015815168",
        "switch-c,        1571308810240,  1728163840",
    })
    void switchTransformers(String name, long total, long active) {
        Ledger counted = Ledger.of(Architecture.named(name).spec()).without(Set.of(Part.Kind.NORM, Part.Kind.POSITION));
        assertThat(counted.parameters()).isEqualTo(total);
        assertThat(counted.activeParameters()).isEqualTo(active);
    }
}
