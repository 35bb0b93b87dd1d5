package org.moe4j.io;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.function.Function;

/** Reads int and long from every notation of a whole number: YAML takes 1e15 for a string, and 1.0e+15 for a fraction. */
final class WholeNumber<N extends Number> extends StdScalarDeserializer<N> {
    private static final long serialVersionUID = 1L;

    private final transient Function<BigDecimal, N> exact;

    private WholeNumber(Class<N> type, Function<BigDecimal, N> exact) {
        super(type);
        this.exact = exact;
    }

    static SimpleModule module() {
        return new SimpleModule("whole numbers")
                .addDeserializer(int.class, new WholeNumber<>(int.class, BigDecimal::intValueExact))
                .addDeserializer(Integer.class, new WholeNumber<>(Integer.class, BigDecimal::intValueExact))
                .addDeserializer(long.class, new WholeNumber<>(long.class, BigDecimal::longValueExact))
                .addDeserializer(Long.class, new WholeNumber<>(Long.class, BigDecimal::longValueExact));
    }

    @Override
    public N deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        JsonToken token = parser.currentToken();
        if (token.isNumeric() || token == JsonToken.VALUE_STRING) {
            try {
                return exact.apply(new BigDecimal(parser.getText().replace("_", "")));
            } catch (ArithmeticException | NumberFormatException notWhole) {
                throw context.weirdStringException(parser.getText(), _valueClass, "not a whole number in range");
            }
        }
        throw context.wrongTokenException(parser, _valueClass, JsonToken.VALUE_NUMBER_INT, "not a whole number");
    }
}
