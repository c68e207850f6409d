import dicomParser, { type DataSet } from 'dicom-parser';
import { DatasetError, UnreadableError, UnsupportedFileError } from '../errors.ts';
import { checkExtent } from '../files.ts';

const IMPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2';
const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
/** Transfer syntaxes (DICOM PS3.6, A) that hospitals' archives send and that are not decoded here. */
const OTHER_SYNTAXES: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.1.99': 'Deflated Explicit VR Little Endian',
  '1.2.840.10008.1.2.2': 'Explicit VR Big Endian',
  '1.2.840.10008.1.2.4.50': 'JPEG Baseline',
  '1.2.840.10008.1.2.4.51': 'JPEG Extended',
  '1.2.840.10008.1.2.4.57': 'JPEG Lossless',
  '1.2.840.10008.1.2.4.70': 'JPEG Lossless, first-order prediction',
  '1.2.840.10008.1.2.4.80': 'JPEG-LS Lossless',
  '1.2.840.10008.1.2.4.81': 'JPEG-LS Near-Lossless',
  '1.2.840.10008.1.2.4.90': 'JPEG 2000 Lossless',
  '1.2.840.10008.1.2.4.91': 'JPEG 2000',
  '1.2.840.10008.1.2.4.201': 'High-Throughput JPEG 2000 Lossless',
  '1.2.840.10008.1.2.5': 'RLE Lossless',
};

const TAG = {
  transferSyntax: 'x00020010',
  seriesUid: 'x0020000e',
  instanceNumber: 'x00200013',
  position: 'x00200032',
  orientation: 'x00200037',
  samplesPerPixel: 'x00280002',
  photometric: 'x00280004',
  frames: 'x00280008',
  rows: 'x00280010',
  columns: 'x00280011',
  spacing: 'x00280030',
  bitsAllocated: 'x00280100',
  bitsStored: 'x00280101',
  pixelRepresentation: 'x00280103',
  intercept: 'x00281052',
  slope: 'x00281053',
  pixels: 'x7fe00010',
} as const;

/** What a file's header says about its slice. */
export interface SliceHeader {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly seriesUid: string;
  /** Millimetres, patient coordinates; null where the file does not say. */
  readonly position: readonly number[] | null;
  /** Direction cosines of a row, then of a column. */
  readonly orientation: readonly number[] | null;
  readonly spacing: readonly number[] | null;
  readonly instanceNumber: number | null;
  /** Unsigned bytes without a scale. */
  readonly eightBit: boolean;
}

/** @throws DatasetError for a file that is damaged, compressed or not grey */
export function readSliceHeader(bytes: Uint8Array, path: string): SliceHeader {
  return reading(path, () => {
    const dataSet = parse(bytes, path, { untilTag: TAG.pixels });
    checkReadable(dataSet, path);
    const { bits, stored, signed, slope, intercept } = encoding(dataSet);
    return {
      path,
      ...size(dataSet),
      seriesUid: dataSet.string(TAG.seriesUid) ?? '',
      position: decimals(dataSet, TAG.position, 3),
      orientation: decimals(dataSet, TAG.orientation, 6),
      spacing: decimals(dataSet, TAG.spacing, 2),
      instanceNumber: dataSet.intString(TAG.instanceNumber) ?? null,
      eightBit: bits === 8 && stored === 8 && !signed && slope === 1 && intercept === 0,
    };
  });
}

/** Writes a slice's values, rescaled and with white as the greatest. @param out receives [rows, columns] */
export function readSlicePixels(bytes: Uint8Array, path: string, out: Uint8Array | Float32Array): void {
  reading(path, () => {
    const dataSet = parse(bytes, path);
    const element = dataSet.elements[TAG.pixels];
    const { bits, stored, signed, slope, intercept } = encoding(dataSet);
    if (element === undefined || element.length < (out.length * bits) / 8)
      throw new UnreadableError(path, 'its pixels are missing or truncated');
    const view = new DataView(bytes.buffer, bytes.byteOffset + element.dataOffset, element.length);
    // Bits beyond those stored may hold overlays; shifting them out also extends the sign.
    const shift = 32 - stored;
    const mirror = dataSet.string(TAG.photometric) === 'MONOCHROME1' ? (signed ? -1 : 2 ** stored - 1) : null;
    for (let i = 0; i < out.length; i++) {
      const raw = (bits === 8 ? view.getUint8(i) : view.getUint16(2 * i, true)) << shift;
      const value = signed ? raw >> shift : raw >>> shift;
      out[i] = (mirror === null ? value : mirror - value) * slope + intercept;
    }
  });
}

function parse(bytes: Uint8Array, path: string, options: { untilTag?: string } = {}): DataSet {
  // Asked before the rest is parsed: what follows may be packed.
  const syntax = dicomParser.readPart10Header(bytes).string(TAG.transferSyntax) ?? 'unknown';
  if (syntax !== IMPLICIT_LITTLE_ENDIAN && syntax !== EXPLICIT_LITTLE_ENDIAN) {
    const named = OTHER_SYNTAXES[syntax] === undefined ? syntax : `${OTHER_SYNTAXES[syntax]} (${syntax})`;
    throw new UnsupportedFileError(
      path,
      `has the transfer syntax ${named}`,
      'convert it to Explicit VR Little Endian, as with gdcmconv --raw IN OUT',
    );
  }
  return dicomParser.parseDicom(bytes, options);
}

/** The library throws strings, errors, and objects that hold either; also where a value is asked for. */
function reading<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    const thrown = (cause as { exception?: unknown }).exception ?? cause;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new UnreadableError(path, `it is truncated, or no DICOM file (${reason.replace(/^dicomParser\.\w+: /, '')})`, { cause });
  }
}

function decimals(dataSet: DataSet, tag: string, count: number): number[] | null {
  const values = Array.from({ length: count }, (_, i) => dataSet.floatString(tag, i) ?? Number.NaN);
  return values.every(Number.isFinite) ? values : null;
}

function checkReadable(dataSet: DataSet, path: string): void {
  const { width, height } = size(dataSet);
  checkExtent(path, width, height);
  const photometric = dataSet.string(TAG.photometric) ?? 'unknown';
  if ((dataSet.uint16(TAG.samplesPerPixel) ?? 1) !== 1 || !photometric.startsWith('MONOCHROME')) {
    throw new UnsupportedFileError(path, `is not grey (photometric interpretation ${photometric})`, 'convert it to MONOCHROME2');
  }
  if ((dataSet.intString(TAG.frames) ?? 1) > 1) {
    throw new UnsupportedFileError(path, 'holds several frames', 'save each frame as a file of its own, as with emf2sf or gdcmconv');
  }
  const { bits } = encoding(dataSet);
  if (bits !== 8 && bits !== 16) throw new UnsupportedFileError(path, `has ${bits} bits per value`, 'convert it to 8 or 16 bits');
}

function size(dataSet: DataSet): { width: number; height: number } {
  return { width: dataSet.uint16(TAG.columns) ?? 0, height: dataSet.uint16(TAG.rows) ?? 0 };
}

function encoding(dataSet: DataSet): { bits: number; stored: number; signed: boolean; slope: number; intercept: number } {
  const bits = dataSet.uint16(TAG.bitsAllocated) ?? 0;
  return {
    bits,
    stored: dataSet.uint16(TAG.bitsStored) ?? bits,
    signed: dataSet.uint16(TAG.pixelRepresentation) === 1,
    slope: dataSet.floatString(TAG.slope) ?? 1,
    intercept: dataSet.floatString(TAG.intercept) ?? 0,
  };
}
