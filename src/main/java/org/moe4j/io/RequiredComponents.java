package org.moe4j.io;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.AnnotatedParameter;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;

/** Makes every record component required but the boxed ones and those annotated as a {@link JsonProperty}. */
final class RequiredComponents extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1L;

    @Override
    public Boolean hasRequiredMarker(AnnotatedMember member) {
        if (member instanceof AnnotatedParameter parameter && Record.class.isAssignableFrom(parameter.getDeclaringClass())) {
            Class<?> type = parameter.getRawType();
            return !(Number.class.isAssignableFrom(type) || type == Boolean.class || member.hasAnnotation(JsonProperty.class));
        }
        return super.hasRequiredMarker(member);
    }
}
