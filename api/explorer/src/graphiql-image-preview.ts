// In place of GraphiQL's own, which loads any image address that the mouse passes over in an answer.
export const ImagePreview = Object.assign(() => null, { shouldRender: () => false });
