package org.moe4j.experts;

import java.io.IOException;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.deser.std.DelegatingDeserializer;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * How routers, banks and feed-forward layers stand in a spec file: a field {@code type} with the name that {@link SpecCatalog} gives
 * the kind, and the components of its record. A component that is left out has the value of the record's constructor without
 * arguments.
 *
 * <pre>{@code
 * router: {type: top-k, experts: 64, topK: 8}
 * experts: {type: mlp, hidden: 32}
 * }</pre>
 */
public final class SpecModule extends SimpleModule {
    private static final long serialVersionUID = 1L;
    private static final String TYPE = "type";

    /** @param others more kinds, of which every component has to be given */
    public SpecModule(SpecCatalog<?>... others) {
        super("experts");
        for (SpecCatalog<?> other : others) {
            register(other);
        }
        register(SpecCatalog.ROUTERS);
        register(SpecCatalog.EXPERTS);
        register(SpecCatalog.FEED_FORWARDS);
        setDeserializerModifier(new BeanDeserializerModifier() {
            private static final long serialVersionUID = 1L;

            @Override
            public JsonDeserializer<?> modifyDeserializer(DeserializationConfig config, BeanDescription bean, JsonDeserializer<?> deserializer) {
                Class<?> type = bean.getBeanClass();
                return isRegistered(type) ? new WithDefaults(type, deserializer) : deserializer;
            }
        });
    }

    private void register(SpecCatalog<?> catalog) {
        setMixInAnnotation(catalog.kind(), Typed.class);
        catalog.types().forEach((name, type) -> registerSubtypes(new NamedType(type, name)));
    }

    private static boolean isRegistered(Class<?> type) {
        return SpecCatalog.ROUTERS.types().containsValue(type) || SpecCatalog.EXPERTS.types().containsValue(type)
            || SpecCatalog.FEED_FORWARDS.types().containsValue(type);
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = TYPE)
    private interface Typed {}

    /** Fills in what the text leaves out before the record is made. */
    private static final class WithDefaults extends DelegatingDeserializer {
        private static final long serialVersionUID = 1L;

        private final Class<?> type;

        WithDefaults(Class<?> type, JsonDeserializer<?> record) {
            super(record);
            this.type = type;
        }

        @Override
        protected JsonDeserializer<?> newDelegatingInstance(JsonDeserializer<?> record) {
            return new WithDefaults(type, record);
        }

        @Override
        public Object deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            ObjectNode given = context.readTree(parser).require();
            ObjectNode defaults = parser.getCodec() instanceof ObjectMapper mapper
                ? mapper.valueToTree(SpecCatalog.example(type)) : given;
            defaults.remove(TYPE);
            defaults.setAll(given);
            try (JsonParser whole = defaults.traverse(parser.getCodec())) {
                whole.nextToken();
                return super.deserialize(whole, context);
            }
        }
    }
}
