#include "writer.h"

#include "model.h"
#include "vocabulary.h"

void writer_begin(writer_t *writer, uint32_t heat, uint32_t seed) {
  sampler_begin(&writer->sampler, MODEL.text->logit_step, heat, seed);
  MODEL.reset();
}

void writer_read(writer_t *writer, uint16_t token) {
  MODEL.invoke(MODEL.text->embedding + token * MODEL_CHANNELS, writer->logits);
}

uint16_t writer_write(writer_t *writer) {
  const uint16_t count = (uint16_t)(MODEL.text->size - VOCABULARY_FIRST);
  const uint16_t drawn =
      sampler_draw(&writer->sampler, writer->logits + VOCABULARY_FIRST, count, writer->weights);
  const uint16_t token = (uint16_t)(drawn + VOCABULARY_FIRST);
  writer_read(writer, token);
  return token;
}
