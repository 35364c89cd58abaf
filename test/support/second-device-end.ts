export { removeSecondDevice as default } from './second-device';
